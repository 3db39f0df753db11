package main

// color is an sRGB color as in SVG: #rrggbb.
type color string

// theme has the colors for one kind of page.
type theme struct {
	name string
	// page is the background that the picture is made for. It is not drawn.
	page color
	// cluster, box and outside fill a cluster, a program in it, and what is in no cluster.
	cluster, box, outside color
	edge                  color // around boxes and clusters
	text, faint           color
	sign, ask, talk       color // arrows
}

var themes = [...]theme{
	{
		name: "light", page: "#ffffff",
		cluster: "#f6f8fa", box: "#ffffff", outside: "#fff8e1", edge: "#c5cdd6",
		text: "#1f2328", faint: "#57606a",
		sign: "#9a6700", ask: "#57606a", talk: "#1a7f37",
	},
	{
		name: "dark", page: "#0d1117",
		cluster: "#151b23", box: "#212830", outside: "#2b2411", edge: "#3d444d",
		text: "#e6edf3", faint: "#9198a1",
		sign: "#e3b341", ask: "#9198a1", talk: "#3fb950",
	},
}
