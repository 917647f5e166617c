package routes

import "strings"

// node is a place in the tree of path segments. grpc-gateway tries one template after the other, which costs more than many an
// answer; the tree finds the route at once, and leaves to grpc-gateway what the path binds.
type node struct {
	words  map[string]*node
	any    *node
	routes []*Route // those that end here; method and verb tell them apart
}

func (n *node) add(r *Route) {
	path, verb := cutVerb(variable.ReplaceAllString(r.Template, "$1"))
	r.verb = verb
	for segment := range strings.SplitSeq(path[1:], "/") {
		n = n.child(segment)
	}
	n.routes = append(n.routes, r)
}

func (n *node) child(segment string) *node {
	if segment == "*" {
		if n.any == nil {
			n.any = &node{}
		}
		return n.any
	}
	if n.words == nil {
		n.words = map[string]*node{}
	}
	if n.words[segment] == nil {
		n.words[segment] = &node{}
	}
	return n.words[segment]
}

// find finds the route for the rest of a path, preferring words to variables.
func (n *node) find(method, rest, verb string) *Route {
	segment, rest, more := strings.Cut(rest, "/")
	for _, next := range [2]*node{n.words[segment], n.any} {
		switch {
		case next == nil:
		case more:
			if found := next.find(method, rest, verb); found != nil {
				return found
			}
		default:
			if found := next.end(method, verb); found != nil {
				return found
			}
		}
	}
	return nil
}

// end is the route that ends here with the verb, or else the one without a verb: what stands behind the colon may be part of
// an id.
func (n *node) end(method, verb string) (found *Route) {
	for _, r := range n.routes {
		switch {
		case r.Method != method:
		case r.verb == verb:
			return r
		case r.verb == "":
			found = r
		}
	}
	return found
}

// cutVerb splits the verb off a path: what follows the colon in its last segment.
func cutVerb(path string) (rest, verb string) {
	if colon := strings.LastIndexByte(path, ':'); colon > strings.LastIndexByte(path, '/') {
		return path[:colon], path[colon+1:]
	}
	return path, ""
}

// Find finds the route that a path may be meant for, nil when there is none. Whether the path fits in every respect is
// grpc-gateway's to say.
func (t *Table) Find(method, path string) *Route {
	if !strings.HasPrefix(path, "/") {
		return nil
	}
	path, verb := cutVerb(path)
	return t.tree.find(method, path[1:], verb)
}
