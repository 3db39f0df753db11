package view

import "github.com/trustgen/trustgen/secrets/fabric"

// The words of results, where package fabric has others.

func standing(s fabric.Standing) string {
	if s == fabric.StandingElsewhere {
		return "remote"
	}
	return string(s)
}

func crlState(s fabric.CRLState) string {
	if s == fabric.CRLGood {
		return "valid"
	}
	return string(s)
}

func crlAction(a fabric.CRLAction) string {
	if a == fabric.CRLTaken {
		return "accepted"
	}
	return string(a)
}
