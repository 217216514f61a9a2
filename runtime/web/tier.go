// Package web reaches the web for the tools websearch and webpage: it asks
// search services and fetches pages, under bounds that no text can widen.
//
// Nothing here makes a request by being made. Where the web is off in the
// configuration, nothing of this package is made either, and no tool reaches it.
package web

import "strings"

// Tier is the kind of a source, by rules on its host that anybody can follow.
// It says where a text stands, and not whether it is right.
type Tier string

// The tiers, and what is of each: the first rule that fits decides.
const (
	// TierJournal are publishers and archives of scholarly articles, and what
	// OpenAlex knows as an article, a review or a preprint.
	TierJournal Tier = "journal"
	// TierGovernment are hosts under .gov, .mil, .int, gov.XX, gouv.XX, gob.XX,
	// go.XX and govt.XX, of the European Union, and of some national authorities
	// that have other names.
	TierGovernment Tier = "government"
	// TierAcademic are hosts under .edu, edu.XX and ac.XX.
	TierAcademic Tier = "academic"
	// TierNews are news agencies, newspapers and broadcasters, from a list.
	TierNews Tier = "news"
	// TierOther is everything else: firms, associations, encyclopaedias, blogs.
	TierOther Tier = "other"
)

// TierOf gives the tier of a host.
func TierOf(host string) Tier {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, rule := range tierRules() {
		for name := range strings.FieldsSeq(rule.hosts) {
			if host == name || strings.HasSuffix(host, "."+name) {
				return rule.tier
			}
		}
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	switch last {
	case "gov", "mil", "int":
		return TierGovernment
	case "edu":
		return TierAcademic
	}
	if len(labels) >= 2 && len(last) == 2 {
		switch labels[len(labels)-2] {
		case "gov", "gouv", "gob", "go", "govt", "gv", "mil", "gub":
			return TierGovernment
		case "edu", "ac":
			return TierAcademic
		}
	}
	return TierOther
}

type tierRule struct {
	tier  Tier
	hosts string
}

// tierRules are hosts by name. Those of journals come first: PubMed is a
// journal's archive under a government's name.
func tierRules() []tierRule {
	return []tierRule{
		{TierJournal, `pubmed.ncbi.nlm.nih.gov pmc.ncbi.nlm.nih.gov doi.org nature.com science.org sciencedirect.com
			springer.com springeropen.com biomedcentral.com link.springer.com wiley.com tandfonline.com sagepub.com
			academic.oup.com cambridge.org thelancet.com nejm.org jamanetwork.com bmj.com cell.com pnas.org plos.org
			frontiersin.org mdpi.com elifesciences.org jmir.org ieeexplore.ieee.org dl.acm.org arxiv.org biorxiv.org
			medrxiv.org ssrn.com jstor.org europepmc.org cochranelibrary.com acpjournals.org ahajournals.org
			royalsocietypublishing.org aps.org acs.org rsc.org annualreviews.org karger.com thieme-connect.com`},
		{TierGovernment, `europa.eu un.org worldbank.org imf.org oecd.org bund.de admin.ch destatis.de rki.de bfarm.de nhs.uk
			nice.org.uk canada.ca statcan.gc.ca gc.ca ecb.europa.eu bundesbank.de federalreserve.gov has-sante.fr
			insee.fr cbs.nl rivm.nl scb.se ssb.no dst.dk istat.it ine.es`},
		{TierNews, `reuters.com apnews.com afp.com dpa.com bloomberg.com ft.com wsj.com nytimes.com washingtonpost.com
			theguardian.com bbc.co.uk bbc.com economist.com cnn.com npr.org cnbc.com nbcnews.com abcnews.go.com
			cbsnews.com politico.com politico.eu axios.com statnews.com time.com usatoday.com latimes.com
			independent.co.uk telegraph.co.uk thetimes.co.uk sky.com euronews.com dw.com spiegel.de zeit.de faz.net
			sueddeutsche.de handelsblatt.com welt.de tagesschau.de ndr.de derstandard.at diepresse.com nzz.ch srf.ch
			lemonde.fr lefigaro.fr liberation.fr lesechos.fr france24.com elpais.com elmundo.es corriere.it
			repubblica.it nos.nl nrc.nl nikkei.com japantimes.co.jp scmp.com aljazeera.com thehindu.com abc.net.au
			cbc.ca globeandmail.com`},
	}
}
