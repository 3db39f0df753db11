#!/usr/bin/env bash
#
# build.sh [module…] builds the servers of the end-to-end tests: every main package of
# the named modules, by default of all modules beside this script.
#
# The binaries are in test/.cache/servers/<module>-<fingerprint>. Stdout has that path
# only, one line for each module. An existing directory is not built again. A module may
# have two scripts: ldflags.sh prints its linker flags, and extras.sh writes other files
# of its servers to a directory.
set -euo pipefail
shopt -s inherit_errexit

servers=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(dirname "$servers")/.cache/servers

export CGO_ENABLED=0 GOWORK=off

say() { echo "$*" >&2; }

# linker_flags prints the linker flags of the module in the current directory.
linker_flags() {
	echo -n "-s -w "
	[[ ! -x ldflags.sh ]] || ./ldflags.sh
}

# fingerprint prints a hash of all inputs of a build of the module in the current
# directory with the given flags.
fingerprint() {
	{
		go version
		go env GOOS GOARCH
		echo "$@"
		find . \( -name go.mod -o -name go.sum -o -name '*.go' -o -name '*.sh' \) -type f -print0 |
			LC_ALL=C sort -z | xargs -0 sha256sum
	} | sha256sum | cut -c1-16
}

# compile builds all main packages of the module in the current directory into $1, with
# the flags that follow. If one fails, $1 is not created.
compile() {
	local bin=$1 main mains staging
	shift
	# shellcheck disable=SC2016 # the template is for go list
	mains=$(go list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' ./...)
	[[ -n $mains ]] || { say "error: $PWD: no main package to build"; return 1; }

	staging=$(mktemp -d "$cache/.building.XXXXXX")
	# shellcheck disable=SC2064 # expand the directory now
	trap "rm -rf '$staging'" EXIT
	for main in $mains; do
		SECONDS=0
		go build "$@" -o "$staging/" "$main"
		say "built ${main##*/} ($SECONDS s)"
	done
	[[ ! -x extras.sh ]] || ./extras.sh "$staging"
	chmod 755 "$staging"
	# A concurrent build of the same module may have finished first.
	mv -T "$staging" "$bin" 2>/dev/null || [[ -d $bin ]] || { say "error: cannot make $bin"; return 1; }
}

# prune removes older builds of module $1 than $2.
prune() {
	local old
	for old in "$cache/$1"-*; do
		if [[ $old =~ -[0-9a-f]{16}$ && ${old%-*} == "$cache/$1" && $old != "$2" ]]; then
			rm -rf "$old"
		fi
	done
}

# provide prints the directory with the binaries of module $1. It runs in a subshell,
# because it changes the working directory and sets a trap.
provide() (
	local module=$1 bin linker flags
	cd "$servers/$module"
	linker=$(linker_flags)
	flags=(-trimpath -buildvcs=false "-ldflags=$linker")
	bin=$cache/$module-$(fingerprint "${flags[@]}")
	if [[ ! -d $bin ]]; then
		say "building $module servers (first time, on 2 cores: kube some 6 minutes, kube136 and istio some 4) …"
		compile "$bin" "${flags[@]}"
		prune "$module" "$bin"
	fi
	echo "$bin"
)

modules=("$@")
if (($# == 0)); then
	for mod in "$servers"/*/go.mod; do
		modules+=("$(basename "$(dirname "$mod")")")
	done
fi

mkdir -p "$cache"
for module in "${modules[@]}"; do
	[[ -f $servers/$module/go.mod ]] || { say "error: $servers/$module/go.mod: no such module"; exit 2; }
	provide "$module"
done
