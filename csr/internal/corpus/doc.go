// Package corpus makes and reads the corpus of requests in csr/testdata: hostile ones,
// with the checks that refuse them, and good ones, with what is granted. Its CSRs are
// put together in ASN.1, since crypto/x509 does not make hostile ones, with keys and
// signatures that are the same every time.
package corpus
