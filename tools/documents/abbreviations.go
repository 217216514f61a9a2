package documents

// abbreviations are never the end of a sentence.
var abbreviations = wordSet(`dr mr mrs ms prof rev hon st vs v cf e.g i.e eg ie viz ca approx resp fig
figs eq eqs ref refs sect sec chap ch vol vols pp ed eds al dept univ assoc gen sen rep gov capt col
lt sgt jan feb mar apr jun jul aug sep sept oct nov dec`)

// numberAbbreviations are abbreviations only before a number.
var numberAbbreviations = wordSet(`no nos nr p art par para tab table ex app suppl ser`)

// endAbbreviations may end a sentence; what follows decides.
var endAbbreviations = wordSet(`inc ltd co corp llc plc bros etc jr sr est min max avg hr hrs wk wks yr
yrs mo mos ft oz lb lbs a.m p.m u.s u.k u.n e.u d.c ph.d m.d b.a m.a b.sc m.sc`)

// starters are words that, with a capital, begin a sentence and hardly ever
// follow an abbreviation inside one.
var starters = wordSet(`the this that these those a an in on at for from with without by to of as if
when while where since after before during although though because however moreover furthermore
therefore thus hence but and or so yet we our they their there it its he she his her you your i my no
not all both each most many some such only one two three both here what which who how overall finally
first second third between among under over also patients results methods conclusions`)
