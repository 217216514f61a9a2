package prose

import "strings"

// family is a concept under its several names. Direct names mean the concept
// itself; related ones belong to the same field and only count where the rest
// of the topic is met as well.
type family struct{ triggers, direct, related string }

// compiled is a family with its names apart: as stems, and as written.
type compiled struct {
	triggers, direct, related [][]string
	names, relatedNames       []string
}

// thesaurus is compiled once: every topic looks into it, word by word.
var thesaurus = compile(families())

func compile(families []family) []compiled {
	out := make([]compiled, len(families))
	for i, f := range families {
		out[i] = compiled{phrases(f.triggers), phrases(f.direct), phrases(f.related), written(f.direct), written(f.related)}
	}
	return out
}

// families is a small, general thesaurus of subjects people research. It is no
// substitute for knowing a field: it lets a search for "AI" meet "machine
// learning", and a search for "remote work" meet "telework".
func families() []family {
	return []family{
		{
			"ai|artificial intelligence|machine learning|deep learning|generative ai|llm|algorithm|ki|künstliche intelligenz|intelligence artificielle|inteligencia artificial|intelligenza artificiale",
			"ai|artificial intelligence|machine learning|deep learning|neural network|algorithm|algorithmic|computer aided|computer assisted|automated|language model|llm|chatbot|decision support|predictive model|ki|künstliche intelligenz|maschinelles lernen|intelligence artificielle|apprentissage automatique|inteligencia artificial|intelligenza artificiale",
			"digital|digitally|software|electronic|computer|computing system|web based|internet|online|information technology|information system|information exchange|search engine|robot|robotic|telemedicine|telehealth|telemonitoring|sensor|informatics|big data|automation",
		},
		{
			"digital|digitalisation|digitalization|digital technology|software|automation",
			"digital|digitalisation|digitalization|software|electronic|computer|automated|automation|web based|internet|online|information technology|information system|algorithm|artificial intelligence|machine learning|robot",
			"telemedicine|sensor|platform|big data",
		},
		{
			"medical|medicine|medizin|médecine|medicina|health|healthcare|health care|clinical|patient|hospital|physician|care",
			"medical|medicine|medizin|health|healthcare|care|clinical|clinically|clinician|patient|physician|doctor|dentist|hospital|nurse|nursing|diagnosis|diagnostic|therapy|therapeutic|treatment|surgery|surgical|radiology|radiograph|imaging|disease|cancer|oncology|mammography",
			"",
		},
		{"device|equipment", "device|equipment|apparatus|implant|implantable|instrument|hardware", ""},
		{
			"climate|climate change|global warming|klima|klimawandel|climat|clima",
			"climate|climate change|global warming|warming|greenhouse gas|klima|klimawandel|changement climatique|cambio climático",
			"temperature|weather|heatwave|glacier|ice sheet|snow cover|drought|flood|flooding|sea level|rainfall|precipitation|emission|carbon dioxide|co2",
		},
		{"carbon|co2|carbon dioxide|greenhouse gas|emission", "carbon|co2|carbon dioxide|greenhouse gas|emission|ghg|methane", "fossil fuel|coal"},
		{
			"energy|electricity|power generation|renewable|energie|énergie|energía",
			"energy|electricity|electric power|power plant|power generation|renewable|solar|wind power|wind energy|photovoltaic|coal|natural gas|nuclear|hydropower|megawatt|gigawatt|kilowatt",
			"grid|fuel|generation|battery",
		},
		{"inflation|consumer price", "inflation|consumer price|cpi|price level|price index|cost of living", "wage|interest rate"},
		{"interest rate|monetary policy|policy rate", "interest rate|monetary policy|policy rate|central bank|yield", "inflation|lending|credit|mortgage"},
		{"revenue|sale|turnover|profit|earning|margin|profitability", "revenue|sale|turnover|profit|earning|margin|profitability|ebitda|income", "cost|order|customer|price"},
		{"credit|loan|lending|default", "credit|loan|lending|lender|borrower|default|debt", "interest rate|collateral"},
		{"contract|agreement|clause|covenant", "contract|contractual|agreement|clause|provision|covenant|lease|licence", "party|obligation|breach"},
		{"liability|negligence", "liability|liable|damages|indemnity|negligence|tort", "court|claim|insurer"},
		{"non compete|noncompete|restrictive covenant", "non compete|noncompete|restrictive covenant|restraint of trade|non competition", "employee mobility|trade secret"},
		{"privacy|data protection|gdpr", "privacy|data protection|gdpr|personal data|data subject", "consent|data breach"},
		{"remote work|telework|home office|hybrid work|working from home", "remote work|remote worker|telework|teleworker|telecommuting|home office|hybrid work|work from home|home working", "flexible work|commuting"},
		{"employment|labour|labor|workforce|job", "employment|employee|worker|labour|labor|workforce|job|wage", "hiring|unemployment"},
		{"education|school|teaching|student", "education|educational|school|student|pupil|teacher|teaching|university|curriculum|classroom", ""},
		{"cybersecurity|cyber security|ransomware|hacking", "cybersecurity|cyber security|cyber attack|ransomware|phishing|malware|vulnerability|hacker|data breach", "password|incident"},
		{"electric vehicle|electric car|ev", "electric vehicle|electric car|ev|battery electric|plug in hybrid", "charging|battery"},
	}
}

func written(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, "|")
}

func phrases(list string) [][]string {
	names := written(list)
	out := make([][]string, len(names))
	for i, name := range names {
		out[i] = Stems(name)
	}
	return out
}

// generic words name no subject by themselves; a topic that contains them is
// met without them.
func generic(word string) bool { return genericWords[word] }

var genericWords = setOf(`
	system use usage user method approach change impact effect affect role level rate practice case new modern recent current future
	sector industry market company business rule trend development analysis study report research data information performance quality issue problem
	opportunity factor way evidence example result outcome consequence benefit risk harm application implementation adoption technology overview state
	surgery treatment therapy management service product program programme scheme project tool model process procedure measure
	influence transform shape improve increase decrease reduce grow growth today now year decade world country people thing part policy question
	summary summarise summarize explain describe compare comparison versus vs main key important major different best good better worst last next`)
