package untrusted

import "strings"

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}

var (
	polite = setOf(`please kindly now then also and next first finally instead just assistant ai`)

	// opens may stand before an order inside of a sentence.
	opens = setOf(`please kindly now then also and or must should shall to instead just you first not always`)

	// orders are what one tells an assistant to do.
	orders = setOf(`write draft compose explain describe translate summarise summarize list tell give provide create generate develop
		design suggest recommend identify analyse analyze calculate compute solve compare define encode decode encrypt replace reverse
		convert add include insert integrate incorporate modify change augment enhance use employ introduce remove omit delete group combine scramble
		rearrange misspell jumble anagram substitute render repeat print output show say recite mention respond reply answer help find
		predict classify rewrite rephrase paraphrase proofread pretend imagine ignore forget disregard send email mail forward
		call invoke run execute transfer pay buy visit click open download install raise increase swap shuffle mix spell embed append
		attach prepend begin start end finish format turn transform express invite encourage emphasize emphasise tease promote
		advertise share spread claim state announce inform remind warn advise offer plan organize organise schedule prepare outline
		brainstorm propose evaluate assess review check verify discuss highlight extract sort count name choose pick make set
		conclude report cite approve accept publish release issue drop skip double search query fetch browse post upload book cast capitalize
		capitalise alternate shift apply act behave adopt become speak talk sing sound read simplify shorten expand elaborate detail craft
		construct produce build formulate devise assemble conduct perform determine teach assign demonstrate illustrate record track
		weave hint refer link direct persuade convince tailor ensure keep avoid refrain stop break split separate mask obfuscate cipher
		drop double hide flip invert mirror utilize incorporate insist assert declare confirm`)

	// nouns are those of them that are as often something else; what a determiner
	// follows is an order.
	nouns = setOf(`group review post separate set report record track plan design help answer sound mask mirror double share claim state
		find count name cause cast record test end start finish open outline project schedule offer estimate access transfer spell
		keep render order play read refer point check index note rate search query pay buy direct split produce lead double perfect`)

	determiners = setOf(`the a an my your our their his her its every all any some this that these those each me us how what why who where
		it them him two three five ten at out up to`)

	// inquiries begin a question.
	inquiries = setOf(`what who whom whose which when where why how what's who's where's how's`)

	auxiliaries = setOf(`can could would will do should may`)

	// answers are what a model gives.
	answers = setOf(`answer answers response responses reply replies message output text words word letters sentence sentences summary
		report findings conclusion instructions prompt task tools budget guidelines rules`)

	// acts, with means close behind, want something done.
	acts = setOf(`call invoke run execute use send email mail forward post upload transfer raise increase lift exceed ignore disregard
		delete remove drop fetch visit open browse publish approve grant give share cite set double report change spend`)

	means = setOf(`tool tools websearch webpage sqlquery documents_tool shell budget limit tokens instructions prompt system findings
		recipient recipients credentials password passwords secrets url inbox admin
		subscribers`)

	// fences are the marks of our prompts.
	fences = setOf(`untrusted evidence sources topic question questions queries theme tables unread plan draft analyses review comments problem claims`)

	courtesies = setOf(`thank thanks appreciate grateful sorry received await awaiting looking`)

	// common are longer words that a text of any kind may have.
	common = setOf(`this that with from have been were which their there these those they them then than when where what will would could
		should about into over more most some such only also very just each other another between through during after before because
		while your yours please example following using used like make made many much main give name good first best well work
		time year years people need does doing being different simple short long important help common commonly terms term words show
		primary main causes cause difference differences function functions theory theories process processes steps step ways way some between describe`)
)
