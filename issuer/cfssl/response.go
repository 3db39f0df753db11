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

// maxText is the maximum length of server text in an error, in bytes.
const maxText = 200

// parseSigned parses a response of authsign.
func parseSigned(k kind, status int, data []byte) (*x509.Certificate, error) {
	var result struct {
		Certificate string `json:"certificate"`
	}
	if err := parseResponse(k, status, data, &result); err != nil {
		return nil, err
	}
	return parseCertificate(result.Certificate)
}

// parseInfo parses a response of info.
func parseInfo(status int, data []byte) (*x509.Certificate, error) {
	var result info.Resp
	if err := parseResponse(information, status, data, &result); err != nil {
		return nil, err
	}
	return parseCertificate(result.Certificate)
}

// parseResponse unmarshals result, a pointer, or returns the error of the server.
func parseResponse(k kind, status int, data []byte, result any) error {
	response := api.Response{Result: result}
	err := json.Unmarshal(data, &response)
	switch {
	case status == http.StatusOK && err != nil:
		return fmt.Errorf("the response is not one of cfssl: %s", quote(err.Error()))
	case status == http.StatusOK && response.Success && response.Result == nil:
		return errors.New("the response has no result")
	case status == http.StatusOK && response.Success:
		return nil
	case err != nil:
		return refuse(k, status, 0, string(data))
	case len(response.Errors) == 0:
		return refuse(k, status, 0, "")
	}
	return refuse(k, status, response.Errors[0].Code, response.Errors[0].Message)
}

// parseCertificate parses exactly one certificate.
func parseCertificate(text string) (*x509.Certificate, error) {
	certs, err := ca.ParseCertificates([]byte(text))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the certificate in the response: %s", quote(err.Error()))
	case len(certs) != 1:
		return nil, fmt.Errorf("%d certificates in the response, expected one", len(certs))
	}
	return certs[0], nil
}

// quote shortens and quotes server text for an error.
func quote(text string) string {
	if len(text) > maxText {
		return strconv.QuoteToASCII(text[:maxText]) + "..."
	}
	return strconv.QuoteToASCII(text)
}
