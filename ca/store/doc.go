// Package store keeps a directory that is changed by whole transactions only:
// whatever fails, and whenever the process is killed, the directory holds all
// of a transaction or nothing of it. It knows files, not what they say.
//
// # What it promises
//
// Nothing is overwritten or deleted. A transaction adds files under names that
// are free, and retires files or folders, which moves them below superseded/.
// [Tx.Replace] alone puts a file in the place of another: one that must not be
// kept, since it holds in the clear what the new one holds encrypted, or that need not,
// since the new one says all that it said.
//
// A folder that is retired and written anew changes in two renames, one right after
// the other. Whoever reads its files without this package may find it missing for
// that instant (until the next command, if the process is killed in it), never with
// some files old and some new.
//
// Files come in two modes: 0600 for keys, 0644 for the rest. The directory and
// all folders in it are 0700. A directory or a key that others could read is
// refused, see [ModeError].
//
// One process at a time reads or changes the directory; others wait briefly, then
// fail with a [*LockedError] that names the holder.
//
// # How it does that
//
// [Store.Update] writes and syncs every file below .trustgen/staging, syncs the
// folders, and renames a synced list of moves to .trustgen/commit: from then on
// the transaction holds. Then it carries out the moves in their order, syncs the
// folders that they touched, and removes the list. Only if not even the first move
// can be made does it take the list back. A process that finds a list carries out
// what is left of it; staged files without a list are discarded.
package store
