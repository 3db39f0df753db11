package main

import "github.com/trustgen/trustgen/secrets/fabric"

// missingResult is a CA whose CRL is not here, or has expired.
type missingResult struct {
	Cluster  string `json:"cluster,omitempty"`
	Subject  string `json:"subject"`
	NotAfter string `json:"notAfter,omitempty"`
	Expired  string `json:"expired,omitempty"`
}

func newMissingResults(missing []fabric.MissingCRL) []missingResult {
	var all []missingResult
	for _, m := range missing {
		r := missingResult{Cluster: m.Cluster, Subject: m.Subject}
		if !m.NotAfter.IsZero() { // of a CA whose certificate cannot be read
			r.NotAfter = formatTime(m.NotAfter)
		}
		if !m.Expired.IsZero() {
			r.Expired = formatTime(m.Expired)
		}
		all = append(all, r)
	}
	return all
}
