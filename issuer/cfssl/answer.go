package cfssl

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/cloudflare/cfssl/api"
	"github.com/cloudflare/cfssl/info"

	"github.com/trustgen/trustgen/ca"
)

// maxText is how much of what a server says is repeated in an error, in bytes.
const maxText = 200

// parseSigned reads an answer of authsign.
func parseSigned(k kind, status int, data []byte) (*x509.Certificate, error) {
	var result struct {
		Certificate string `json:"certificate"`
	}
	if err := parseAnswer(k, status, data, &result); err != nil {
		return nil, err
	}
	return parseCertificate(result.Certificate)
}

// parseInfo reads an answer of info.
func parseInfo(status int, data []byte) (*x509.Certificate, error) {
	var result info.Resp
	if err := parseAnswer(information, status, data, &result); err != nil {
		return nil, err
	}
	return parseCertificate(result.Certificate)
}

// parseAnswer fills result, a pointer, or says why the server refused.
func parseAnswer(k kind, status int, data []byte, result any) error {
	answer := api.Response{Result: result}
	err := json.Unmarshal(data, &answer)
	switch {
	case status == http.StatusOK && err != nil:
		return fmt.Errorf("the answer is not one of cfssl: %s", quote(err.Error()))
	case status == http.StatusOK && answer.Success && answer.Result == nil:
		return errors.New("the answer has no result")
	case status == http.StatusOK && answer.Success:
		return nil
	case err != nil:
		return refuse(k, status, 0, string(data))
	case len(answer.Errors) == 0:
		return refuse(k, status, 0, "")
	}
	return refuse(k, status, answer.Errors[0].Code, answer.Errors[0].Message)
}

// parseCertificate takes exactly one certificate.
func parseCertificate(text string) (*x509.Certificate, error) {
	certs, err := ca.ParseCertificates([]byte(text))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the certificate in the answer: %s", quote(err.Error()))
	case len(certs) != 1:
		return nil, fmt.Errorf("%d certificates in the answer, expected one", len(certs))
	}
	return certs[0], nil
}

// quote makes what a server says fit for an error.
func quote(text string) string {
	if len(text) > maxText {
		return strconv.QuoteToASCII(text[:maxText]) + "..."
	}
	return strconv.QuoteToASCII(text)
}
