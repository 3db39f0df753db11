package cfssl

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
)

// The files that cfssl reads.
const (
	caCert     = "ca.pem"
	caKey      = "ca-key.pem"
	configFile = "config.json"
	tlsCert    = "tls.pem"
	tlsKey     = "tls-key.pem"
	tlsCA      = "tls-ca.pem"
)

// makeCredentials creates the certificates by which server and client authenticate each other.
func (s *Server) makeCredentials() (err error) {
	server, err := s.TLS.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "cfssl"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return err
	}
	if s.Client, err = s.TLS.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "trustgen"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}); err != nil {
		return err
	}
	return errors.Join(
		s.newClient(),
		s.writeFile(tlsCert, server.Cert),
		s.writeFile(tlsKey, server.Key),
		s.writeFile(tlsCA, s.TLS.PEM()),
	)
}

func (s *Server) write(o Options) error {
	config, err := json.MarshalIndent(config(o), "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(
		s.writeFile(caCert, o.CACert),
		s.writeFile(caKey, o.CAKey),
		s.writeFile(configFile, config),
	)
}

type object = map[string]any

// config is the configuration of a signer of workloads and intermediates. cfssl uses the default
// profile for an unknown one, so that profile has an unknown key.
func config(o Options) object {
	profile := func(fields object) object {
		fields["auth_key"] = "current"
		if o.PreviousKey != "" {
			fields["prev_auth_key"] = "previous"
		}
		// Only the key of a CSR is used. The request has the names.
		fields["CSRWhitelist"] = object{"PublicKeyAlgorithm": true, "PublicKey": true, "SignatureAlgorithm": true}
		fields["backdate"] = "1m"
		return fields
	}
	keys := object{
		"current": object{"type": "standard", "key": o.AuthKey},
		"nobody":  object{"type": "standard", "key": hex.EncodeToString([]byte(rand.Text()))},
	}
	if o.PreviousKey != "" {
		keys["previous"] = object{"type": "standard", "key": o.PreviousKey}
	}
	byDefault := object{"auth_key": "nobody", "usages": []string{"digital signature"}, "expiry": "1m"}
	if o.CarelessDefault {
		byDefault = profile(object{"usages": []string{"digital signature", "server auth", "client auth"}, "expiry": "8760h"})
	}
	return object{
		"auth_keys": keys,
		"signing": object{
			"default": byDefault,
			"profiles": object{
				Workloads: profile(object{
					"usages":         []string{"digital signature", "server auth", "client auth"},
					"expiry":         o.Lifetime.String(),
					"name_whitelist": o.Names,
				}),
				Intermediates: profile(object{
					"usages":        []string{"cert sign", "crl sign"},
					"expiry":        o.CALifetime.String(),
					"ca_constraint": object{"is_ca": true, "max_path_len": 0, "max_path_len_zero": true},
				}),
			},
		},
	}
}
