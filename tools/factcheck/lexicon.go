package factcheck

import "strings"

// setOf and groupsOf read the word lists of this file.
func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}

// groupsOf numbers groups of words, which bars part, by stem.
func groupsOf(text string) map[string]int {
	groups := map[string]int{}
	for i, group := range strings.Split(text, "|") {
		for _, word := range strings.Fields(group) {
			groups[stem(word)] = i + 1
		}
	}
	return groups
}

func functionWord(lower string) bool { return functionWords[lower] || negating(lower) }

var functionWords = setOf(`a an the this that these those such some any each every all both either and or but if then than so as at
	by for from in into of off on onto out over per to up with within about above across after against along among amongst around before
	behind below beneath beside between beyond during except inside near outside since through throughout toward towards under until
	upon via while because although though whereas whether i me my we us our ours you your he him his she her hers it its they them
	their theirs one ones who whom whose which what when where why how is are was were be been being am do does did done doing has have
	had having can could may might must shall should will would also there here very only just even still yet too again further
	furthermore moreover rather quite however therefore thus hence not s t respectively e i.e etc vs versus et al nor upon had`)

// reporting are words for the telling, which evidence need not have.
var reporting = setOf(`study studies paper article report reports reported reporting review survey analysis trial source sources author authors
	found find finds finding findings result results show shows showed shown showing demonstrate demonstrates demonstrated reveal reveals
	revealed suggest suggests suggested indicate indicates indicated conclude concludes concluded conclusion state states stated note notes
	noted background describe describes described method methods set aim aims hold holds recommend recommends recommended according same
	short observed observe observes evidence data present presents presented moreover additionally addition overall cohort research
	researchers investigators text document table tables record records say says said`)

// negating says that a word denies what follows it.
func negating(lower string) bool { return negations[lower] || strings.HasSuffix(lower, "n't") }

var (
	negations = setOf(`not no never without neither nor none cannot nothing nobody failed fails fail failing lack lacks lacked lacking
		absence absent unable non hardly`)
	hedges = setOf(`may might could can possibly probably perhaps potentially likely suggest suggests suggested appear appears appeared
		seem seems seemed possible apparently presumably would should`)
)

// axes are opposites: of each line, the words before the bar and those after.
var axes = axesOf(
	`increase increases increased increasing rise rises rose risen rising grow grows grew grown growing growth higher greater larger longer
	more high elevated elevate raise raised raises above gain gains gained up upward upwards exceed exceeds exceeded most highest largest
	greatest longest heavier older taller wider deeper stronger faster doubled tripled
	| decrease decreases decreased decreasing fall falls fell fallen falling decline declines declined declining drop drops dropped reduce
	reduces reduced reducing reduction reductions lower smaller shorter less fewer low lowered lowers lowest diminish diminished
	below loss down downward downwards cut cuts shrink shrank least smallest shortest lightest lighter younger narrower shallower weaker slower
	halved`,
	`better best improve improves improved improving improvement improvements | worse worst worsen worsens worsened worsening deteriorate
	deteriorates deteriorated deterioration impair impairs impaired impairment`,
	`before earlier early prior preceding preoperative preoperatively prenatal | after later late following subsequent postoperative postoperatively postnatal`,
	`positive positively | negative negatively`,
	`superior | inferior`,
	`benefit beneficial benefits advantage advantages | harm harmful harms disadvantage disadvantages`,
	`majority | minority`,
	`common frequent frequently often commonly | rare rarely seldom uncommon infrequent infrequently`,
	`> ≥ | < ≤`,
	`strong strongly | weak weakly`,
	`long | short`,
	`large | small`,
	`always | never`,
	`with | without`,
	`accept accepted | reject rejected`,
	`presence present | absence absent`,
	`same similar similarly equal | different differently unequal`,
	`agree agreed agreement | disagree disagreed disagreement`,
	`safe | dangerous unsafe`, `easy easily | difficult`, `rapid rapidly quickly fast | slow slowly`,
)

type pole struct {
	axis int
	sign int
}

func axesOf(lines ...string) map[string]pole {
	poles := map[string]pole{}
	for i, line := range lines {
		up, down, _ := strings.Cut(line, "|")
		for _, word := range strings.Fields(up) {
			poles[word] = pole{i + 1, 1}
		}
		for _, word := range strings.Fields(down) {
			poles[word] = pole{i + 1, -1}
		}
	}
	return poles
}

// synonyms are words that a retelling puts for one another.
var synonyms = groupsOf(`patient patients subject subjects participant participants individual individuals person persons people cases
	| use used uses using utilize utilized utilization employ employed employing usage
	| significant significantly considerable considerably substantial substantially marked markedly
	| associated association associate related relation relationship correlated correlation correlate linked link
	| effective effectiveness efficacy efficacious | physician physicians doctor doctors clinician clinicians
	| child children | infant infants baby babies newborn newborns neonate neonates | tumour tumor tumours tumors
	| mortality death deaths died | therapy therapies treatment treatments | surgery surgical operation operative
	| difference differ differed differs different | assess assessed evaluate evaluated examine examined investigate investigated
	| need needs require requires required | help helps assist assists aid aids | begin began start started
	| show showed demonstrate demonstrated reveal revealed display displayed exhibit exhibited
	| risk hazard | cause causes caused lead leads led | rate rates frequency incidence proportion percentage
	| important crucial essential | year years | receive received get got | undergo underwent undergoing
	| cost costs expense expenses expenditure | method methods technique techniques procedure procedures approach
	| allow allows permit permits enable enables | predict predicted predictor predictors predictive prediction
	| obtain obtained acquire acquired | increase increased rise rose grow grew | reduce reduced decrease decreased lower lowered decline declined fall fell drop dropped cut
	| higher greater larger | lower smaller less fewer | rapid rapidly quick quickly fast
	| common frequent | similar comparable same | hospital hospitals | compare compared comparison versus vs
	| may might could | suggest suggests indicate indicates imply implies | most majority`)

// alike says that two words mean the same for our purpose.
func alike(a, b token) bool {
	if a.unit.factor > 0 && a.unit == b.unit {
		return true
	}
	return a.group > 0 && a.group == b.group && !opposed(a, b) || negating(a.lower) && negating(b.lower)
}

// opposed says that two words are opposites.
func opposed(a, b token) bool {
	if a.pole.axis > 0 && a.pole.axis == b.pole.axis {
		return a.pole.sign != b.pole.sign
	}
	return denies(a.lower, b.lower) || denies(b.lower, a.lower)
}

// denies says that one word is the other with a prefix that denies it.
func denies(long, short string) bool {
	if len(short) < 4 || len(long) <= len(short) {
		return false
	}
	prefix, ok := strings.CutSuffix(long, short)
	if !ok {
		return false
	}
	switch prefix {
	case "un", "in", "im", "ir", "il", "non", "dis":
		return true
	}
	return false
}
