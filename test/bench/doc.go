// Package bench measures the time and the memory that trustgen needs. It has
// benchmarks only:
//
//	go test -run '^$' -bench . ./test/bench
//
// # How it measures
//
// A time depends on the machine as much as on the program. So each benchmark reports
// a ratio to a peer that does the same work in the same run: openssl, a bare loop in
// Go, crypto/x509, or trustgen itself on fewer clusters. The contestants take turns,
// each round has a ratio, and the benchmark reports the median of the rounds and
// their quartiles. The output states whether the target is met. A missed target does
// not fail the run, because other processes may have caused it. A contestant that
// does not do the same work fails it.
//
// A benchmark is one measurement of a fixed number of rounds, whatever -benchtime
// says; -count repeats it.
//
// # What it needs
//
// Linux, openssl 3, a tmpfs at /dev/shm with 1 GB, and a folder on a disk: $BENCH_DIR,
// by default the folder of temporary files.
package bench
