// Package bench measures what trustgen costs. There is nothing in it but its
// benchmarks:
//
//	go test -run '^$' -bench . ./test/bench
//
// # How it measures
//
// A time says as much of the machine as of the program. So each benchmark is a
// ratio to a peer that does the same work in the same run: openssl, a bare loop in
// Go, or crypto/x509. The contestants take turns, the ratio is taken round by
// round, and what is reported is the median of the rounds and their quartiles. The
// output says whether the target is met; a target that is missed does
// not fail the run, because another process may be to blame. A peer that does not
// do the same work does fail it.
//
// A benchmark is one measurement of a fixed number of rounds, whatever -benchtime
// says; -count repeats it.
//
// # What it needs
//
// Linux, openssl 3, a tmpfs at /dev/shm and a folder on a disk, which is $BENCH_DIR
// or else that of temporary files.
package bench
