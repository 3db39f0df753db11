package main

// point is a place in the picture, in user units from its top left corner.
type point struct{ x, y float64 }

// scene is what the picture shows.
type scene struct {
	width, height float64
	title, desc   string
	boxes         []box
	arrows        []arrow
	labels        []label
	keys          []point // the middle of each key beside a label
}

type boxKind int

const (
	program boxKind = iota
	cluster
	outside // a CA that is in no cluster
)

// box is a rectangle with a heading and lines below it.
type box struct {
	kind       boxKind
	x, y, w, h float64
	heading    string
	lines      []string
	key        bool // it holds the key of a CA
}

type arrowKind int

const (
	signs arrowKind = iota
	asks
	talks
)

// arrow goes through its points; the last one is its tip.
type arrow struct {
	kind   arrowKind
	points []point
}

type align string

const (
	left   align = "start"
	middle align = "middle"
	right  align = "end"
)

// label is a line of text beside an arrow, in the color of its kind.
type label struct {
	at    point
	align align
	kind  arrowKind
	text  string
}

// trust is the scene of README.md: on the left a cluster with a plug-in CA, on the
// right one with an external CA, and the root above both.
func trust() scene {
	s := scene{
		width: 1000, height: 716,
		title: "One root, two clusters, two models",
		desc: "An offline root signs the intermediate CA of cluster east and the certificate of an external CA. In cluster east " +
			"istiod signs workload certificates with that intermediate. In cluster west istiod holds no CA key: it passes " +
			"certificate signing requests to the trustgen controller, which checks them against a policy and has the external CA " +
			"sign them. Workloads of both clusters verify each other.",
	}
	s.boxes = append(s.boxes, box{kind: outside, x: 350, y: 14, w: 300, h: 72, heading: "root CA", lines: []string{"offline, in no cluster"}, key: true})
	s.pluginCA()
	s.externalCA()
	s.arrows = append(s.arrows, arrow{talks, []point{{420, 602}, {580, 602}}})
	s.labels = append(s.labels, label{point{500, 592}, middle, talks, "mutual TLS"})
	s.legend()
	return s
}

// pluginCA is the left half: istiod signs.
func (s *scene) pluginCA() {
	s.boxes = append(s.boxes,
		box{kind: cluster, x: 20, y: 232, w: 430, h: 430, heading: "cluster east", lines: []string{"plug-in CA"}},
		box{x: 50, y: 412, w: 370, h: 76, heading: "istiod", lines: []string{"signs with “east 1f3a9c” from Secret cacerts"}, key: true},
		box{x: 50, y: 566, w: 165, h: 72, heading: "orders", lines: []string{"workload"}},
		box{x: 255, y: 566, w: 165, h: 72, heading: "cart", lines: []string{"workload"}},
	)
	s.arrows = append(s.arrows, arrow{signs, []point{{350, 50}, {235, 50}, {235, 412}}})
	s.labels = append(s.labels, label{point{247, 160}, left, signs, "signs an intermediate CA"}, label{point{247, 178}, left, signs, "for each cluster"})
	s.exchange(132, 566, 488, "CSR")
	s.exchange(337, 566, 488, "CSR")
}

// externalCA is the right half: the controller has a CA sign.
func (s *scene) externalCA() {
	s.boxes = append(s.boxes,
		box{kind: outside, x: 610, y: 124, w: 310, h: 72, heading: "external CA", lines: []string{"for example a cfssl server"}, key: true},
		box{kind: cluster, x: 550, y: 232, w: 430, h: 430, heading: "cluster west", lines: []string{"external CA"}},
		box{x: 580, y: 280, w: 370, h: 76, heading: "trustgen controller", lines: []string{"checks each request against a policy"}},
		box{x: 580, y: 412, w: 370, h: 76, heading: "istiod", lines: []string{"registration authority, holds no CA key"}},
		box{x: 580, y: 566, w: 165, h: 72, heading: "pay", lines: []string{"workload"}},
		box{x: 785, y: 566, w: 165, h: 72, heading: "ledger", lines: []string{"workload"}},
	)
	s.arrows = append(s.arrows, arrow{signs, []point{{650, 50}, {765, 50}, {765, 124}}})
	s.labels = append(s.labels, label{point{777, 94}, left, signs, "signs"})
	s.exchange(765, 280, 196, "")
	s.exchange(765, 412, 356, "CertificateSigningRequest")
	s.exchange(662, 566, 488, "CSR")
	s.exchange(867, 566, 488, "CSR")
}

// exchange is a request that goes up at x, from one box to the one above, and the
// certificate that comes back.
func (s *scene) exchange(x, bottom, top float64, request string) {
	const apart = 12
	s.arrows = append(s.arrows,
		arrow{asks, []point{{x - apart, bottom}, {x - apart, top}}},
		arrow{signs, []point{{x + apart, top}, {x + apart, bottom}}})
	if request == "" {
		return
	}
	const beside = 10
	y := (bottom+top)/2 + 4
	s.labels = append(s.labels,
		label{point{x - apart - beside, y}, right, asks, request},
		label{point{x + apart + beside, y}, left, signs, "certificate"})
}

// legend explains the arrows and the key, below the clusters.
func (s *scene) legend() {
	const y = 692
	s.keys = append(s.keys, point{62, y})
	s.labels = append(s.labels, label{point{86, y + 4}, left, signs, "holds a CA key"})
	for _, entry := range []struct {
		x    float64
		kind arrowKind
		text string
	}{{240, signs, "certificate"}, {415, asks, "request (CSR)"}, {610, talks, "mutual TLS, verified up to the root CA"}} {
		s.arrows = append(s.arrows, arrow{entry.kind, []point{{entry.x, y}, {entry.x + 44, y}}})
		s.labels = append(s.labels, label{point{entry.x + 56, y + 4}, left, entry.kind, entry.text})
	}
}
