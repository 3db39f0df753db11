package main

import "github.com/trustgen/trustgen/secrets/fabric"

// certificateResult is a CA in the results of commands.
type certificateResult struct {
	Subject     string `json:"subject"`
	KeyType     string `json:"keyType"`
	NotBefore   string `json:"notBefore"`
	NotAfter    string `json:"notAfter"`
	Fingerprint string `json:"fingerprint"`
}

func newCertificateResult(c fabric.Certificate) *certificateResult {
	return &certificateResult{
		Subject:     c.Subject,
		KeyType:     string(c.KeyType),
		NotBefore:   formatTime(c.NotBefore),
		NotAfter:    formatTime(c.NotAfter),
		Fingerprint: c.Fingerprint,
	}
}

func newCertificateResults(certs []fabric.Certificate) []*certificateResult {
	var all []*certificateResult
	for _, c := range certs {
		all = append(all, newCertificateResult(c))
	}
	return all
}
