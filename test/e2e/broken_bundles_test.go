package e2e_test

import "slices"

// brokenBundles are common mistakes. Each differs in one thing from a bundle of the program.
func brokenBundles() []bundle {
	return slices.Concat(brokenChains(), brokenRoots(), brokenKeys(), missingFiles(),
		brokenAuthorities(), outdatedAuthorities(), bundlesWithLists())
}

func brokenChains() []bundle {
	const name = "cert-chain.pem"
	return []bundle{
		{name: name + " has the root first", files: with(name, certs(ourRoot, ourIntermediate))},
		{name: name + " has no root", files: with(name, certs(ourIntermediate))},
		{name: name + " has the root of another mesh", files: with(name, certs(ourIntermediate, otherRoot))},
		{name: name + " has a comment above each block", files: with(name, commented(certs(ourIntermediate, ourRoot)))},
		{
			name:  name + " has no intermediate",
			files: with(name, certs(ourRoot)),
			fails: []step{serves}, because: "certificate signed by unknown authority",
		},
		{
			name:  name + " is empty",
			files: with(name, certs()),
			fails: []step{serves}, because: "certificate signed by unknown authority",
		},
		{
			name:  name + " has its blocks joined",
			files: with(name, joined(certs(ourIntermediate, ourRoot))),
			fails: []step{starts}, because: "failed to parse the cert: invalid PEM encoded certificate",
		},
	}
}

func brokenRoots() []bundle {
	const name = "root-cert.pem"
	return []bundle{
		{name: name + " has a comment above its block", files: with(name, commented(certs(ourRoot)))},
		{name: name + " has the root of another mesh first", files: with(name, certs(otherRoot, ourRoot))},
		{name: name + " has a root of the same name first", files: with(name, certs(namesakeOfRoot, ourRoot))},
		{
			name:  name + " has the root of another mesh first, and its blocks joined",
			files: with(name, joined(certs(otherRoot, ourRoot))),
			fails: []step{starts}, because: "certificate signed by unknown authority",
		},
		{
			name:  name + " has the root of another mesh alone",
			files: with(name, certs(otherRoot)),
			fails: []step{starts}, because: "certificate signed by unknown authority",
		},
		{
			name:  name + " has the intermediate",
			files: with(name, certs(ourIntermediate)),
			fails: []step{boringSSL, talksAcross}, because: "UNABLE_TO_GET_ISSUER_CERT",
		},
		{
			name:  name + " is empty",
			files: with(name, certs()),
			fails: []step{starts}, because: "certificate signed by unknown authority",
		},
	}
}

func brokenKeys() []bundle {
	const name = "ca-key.pem"
	return []bundle{
		{
			name:  name + " has the key of another cluster",
			files: with(name, otherKey),
			fails: []step{starts}, because: "private key does not match public key",
		},
		{
			name:  name + " has an encrypted key",
			files: with(name, encryptedKey),
			fails: []step{starts}, because: "unsupported PEM block type for a private key: ENCRYPTED PRIVATE KEY",
		},
		{
			name:  name + " is empty",
			files: with(name, certs()),
			fails: []step{starts}, because: "failed to parse private key PEM: invalid PEM-encoded key",
		},
		{
			name:  "ca-cert.pem begins with a byte order mark",
			files: with("ca-cert.pem", marked(certs(ourIntermediate))),
			fails: []step{starts}, because: "failed to parse cert PEM: invalid PEM encoded certificate",
		},
	}
}

func missingFiles() []bundle {
	bundles := []bundle{
		{name: "there is no ca-cert.pem", files: without("ca-cert.pem", eastBundle)},
		{name: "there is no ca-key.pem", files: without("ca-key.pem", eastBundle)},
		{name: "there is no cert-chain.pem", files: without("cert-chain.pem", eastBundle)},
		{name: "there is no root-cert.pem", files: without("root-cert.pem", eastBundle)},
		{name: "there is no ca.crt beside tls.crt", files: without("ca.crt", tlsForm)},
	}
	for i := range bundles {
		bundles[i].fails, bundles[i].because = []step{starts}, "incomplete signing CA bundle"
	}
	return bundles
}
