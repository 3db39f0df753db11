// Package corpus generates and reads the corpus of requests in csr/testdata: hostile ones
// with the checks that refuse them, and valid ones with their grants. CSRs are encoded by
// hand, since crypto/x509 does not make hostile ones. Keys and signatures are
// deterministic.
package corpus
