// Package store changes a directory in atomic, durable transactions: after any failure, and
// after the process is killed at any time, the directory contains all of a transaction or
// nothing of it. The contents of files are opaque to it.
//
// Call [Open] first, then [Store.View] to read and [Store.Update] to change the directory.
//
// # Guarantees
//
// Nothing is overwritten or deleted. A transaction adds files under free names, and retires
// files or folders, which moves them below superseded/. The exception is [Tx.Replace], which
// replaces a file that must not be kept, such as a key that is encrypted now, or that need
// not be kept, since the new file contains all of its content.
//
// A folder that is retired and written again changes in two consecutive renames. A reader
// that does not use this package may find it missing between them (until the next command,
// if the process is killed there), but never with some old and some new files.
//
// Files come in two modes: 0600 for keys, 0644 for the rest. The directory and
// all folders in it are 0700. A directory or a key with wider permissions is refused, see
// [ModeError].
//
// One process at a time reads or changes the directory; others wait briefly, then
// fail with a [*LockedError] that names the holder.
//
// # Implementation
//
// [Store.Update] writes and syncs every file below .trustgen/staging, syncs the folders, and
// renames a synced list of moves to .trustgen/commit: this commits the transaction. It then
// makes the moves in their order, syncs the changed folders, and removes the list. If the
// first move already fails, it removes the list and the transaction is rolled back. A
// process that finds a list makes the remaining moves; staged files without a list are
// discarded.
package store
