package directory

import (
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/yamldoc"
)

// The form of Backstage's catalogue.
const (
	kindGroup        = "group"
	kindUser         = "user"
	defaultNamespace = "default"
	// defaultGroupType is the type of groups that are teams, when nobody says otherwise.
	defaultGroupType = "team"
)

var apiVersions = []string{"backstage.io/v1alpha1", "backstage.io/v1beta1"}

// Columns of problems are paths of fields.
const (
	pathName        = "metadata.name"
	pathDisplayName = "spec.profile.displayName"
	pathAnnotation  = "metadata.annotations." + domain.DirectoryIDAnnotation
)

// catalogue reads a whole file before it decides anything: entities refer to each other in any order.
type catalogue struct {
	*entries
	groupTypes []string
	groups     map[string]bool // by entity reference: whether the group is a team
	links      []link
}

// link is a membership as either side tells it.
type link struct {
	at          domain.Place
	group, user string // entity references
}

// ParseBackstage reads entities of the kinds Group and User. Groups of the given types are teams (`team` when none is
// given); other groups and other kinds are passed over. Whoever comes into a team is a member: Backstage knows no coaches.
// Entity references are remembered as external ids, by which the next import finds what this one made.
func ParseBackstage(content string, groupTypes []string) (domain.Directory, []domain.DirectoryProblem) {
	c := &catalogue{entries: newEntries(), groupTypes: groupTypes, groups: map[string]bool{}}
	if len(groupTypes) == 0 {
		c.groupTypes = []string{defaultGroupType}
	}
	content, ok := c.readable(content)
	if !ok {
		return c.done()
	}
	reader := &yamldoc.Reader{}
	for _, document := range reader.Documents(content) {
		c.entity(document)
	}
	for _, p := range reader.Problems() {
		c.add(p.Line, p.Field, p.Reason, "%s", p.Text)
	}
	for _, l := range c.links {
		c.place(l)
	}
	if len(c.problems) == 0 && len(c.wanted.Teams)+len(c.wanted.Users) == 0 {
		c.add(1, "kind", "DIRECTORY_EMPTY", "the file holds no User, and no Group of a type that is a team (%s)", strings.Join(c.groupTypes, ", "))
	}
	return c.done()
}

// entity is what Group and User have in common.
type entity struct {
	at        domain.Place
	ref       string // kind:namespace/name, in lower case
	namespace string
	id        string
	spec      yamldoc.Fields
}

func (c *catalogue) entity(document yamldoc.Value) {
	fields, ok := document.Fields()
	if !ok {
		return
	}
	kind := strings.ToLower(fields.Get("kind").Text())
	if version := fields.Get("apiVersion"); (kind == kindGroup || kind == kindUser) && !slices.Contains(apiVersions, version.Text()) {
		c.add(max(version.Line(), document.Line()), "apiVersion", "API_VERSION_UNKNOWN", "%q is not read here: %s are", version.Text(), strings.Join(apiVersions, " and "))
		return
	}
	switch kind {
	case "":
		c.add(document.Line(), "kind", "FIELD_MISSING", "the document has no kind: it is no entity of Backstage")
	case kindGroup:
		c.group(c.common(kind, document, fields))
	case kindUser:
		c.user(c.common(kind, document, fields))
	}
}

// common reads what every entity has. An entity without a name has no reference, and is not used.
func (c *catalogue) common(kind string, document yamldoc.Value, fields yamldoc.Fields) entity {
	e := entity{at: domain.Place{Line: document.Line(), Column: pathName}, namespace: defaultNamespace}
	if spec, ok := fields.Must("spec").Fields(); ok {
		e.spec = spec
	}
	metadata, ok := fields.Must("metadata").Fields()
	if !ok {
		return e
	}
	name := metadata.Must("name")
	if !name.There() {
		return e
	}
	e.at.Line = name.Line()
	if namespace := metadata.Get("namespace").Text(); namespace != "" {
		e.namespace = strings.ToLower(namespace)
	}
	text := strings.ToLower(name.Text())
	if !entityPart(text) || !entityPart(e.namespace) {
		name.Report("ENTITY_NAME_INVALID", "%q in %q is no name of an entity: letters, digits, hyphens, dots and underscores", text, e.namespace)
		return e
	}
	e.id = domain.DirectoryID(text)
	if annotations := metadata.Get("annotations"); annotations.There() {
		if fields, ok := annotations.Fields(); ok && fields.Get(domain.DirectoryIDAnnotation).There() {
			chosen := fields.Get(domain.DirectoryIDAnnotation)
			if e.id = chosen.Text(); !names.ValidID(e.id) {
				chosen.Report("ID_INVALID", "%q is no id: 1 to 63 lower-case letters, digits and hyphens", e.id)
				return e
			}
		}
	}
	if e.id == "" {
		name.Report("ID_INVALID", "no id can be made of %q: choose one with the annotation %s", text, domain.DirectoryIDAnnotation)
		return e
	}
	e.ref = kind + ":" + e.namespace + "/" + text
	return e
}

func (c *catalogue) group(e entity) {
	kind, children := e.spec.Must("type").Text(), e.spec.Must("children")
	for _, child := range children.List() {
		child.Text()
	}
	e.spec.Get("parent").Text()
	displayName := profile(e.spec, "displayName")
	members := references(e, "members", kindUser)
	if e.ref == "" {
		return
	}
	if _, twice := c.groups[e.ref]; twice {
		c.add(e.at.Line, pathName, "ENTITY_TWICE", "the file has %s twice", e.ref)
		return
	}
	team := slices.Contains(c.groupTypes, kind)
	if c.groups[e.ref] = team; !team {
		return
	}
	given := domain.DirectoryTeam{Place: e.at, DirectoryRef: domain.DirectoryRef{ID: e.id, ExternalID: e.ref}, DisplayName: displayName}
	if c.taken(c.teams, e, len(c.wanted.Teams), "team") {
		return
	}
	if _, _, err := domain.NewTeam(given.NewTeam()); err != nil {
		c.addFault(e.at, err, map[string]string{"team.display_name": pathDisplayName})
		return
	}
	c.wanted.Teams = append(c.wanted.Teams, given)
	for _, m := range members {
		c.links = append(c.links, link{at: m.at, group: e.ref, user: m.ref})
	}
}

func (c *catalogue) user(e entity) {
	displayName, email := profile(e.spec, "displayName"), profile(e.spec, "email")
	groups := references(e, "memberOf", kindGroup)
	if e.ref == "" {
		return
	}
	if email != "" && !domain.ValidEmail(email) {
		c.add(e.at.Line, "spec.profile.email", "EMAIL_INVALID", "%q is no e-mail address", email)
	}
	given := domain.DirectoryUser{Place: e.at, DirectoryRef: domain.DirectoryRef{ID: e.id, ExternalID: e.ref}, DisplayName: displayName, Email: email}
	if c.taken(c.users, e, len(c.wanted.Users), "user") {
		return
	}
	if _, _, err := domain.NewUser(given.NewUser()); err != nil {
		c.addFault(e.at, err, map[string]string{"user.display_name": pathDisplayName})
		return
	}
	c.wanted.Users = append(c.wanted.Users, given)
	for _, g := range groups {
		c.links = append(c.links, link{at: g.at, group: g.ref, user: e.ref})
	}
}

// taken reports an entity that is there twice, or whose id another one of the file has; else it takes both for index.
func (c *catalogue) taken(index map[string]int, e entity, at int, noun string) bool {
	if _, twice := index[e.ref]; twice {
		c.add(e.at.Line, pathName, "ENTITY_TWICE", "the file has %s twice", e.ref)
		return true
	}
	if _, twice := index[e.id]; twice {
		c.add(e.at.Line, pathAnnotation, "DIRECTORY_ID_TAKEN", "another %s of the file has the id %s: give %s one of its own with the annotation %s",
			noun, e.id, e.ref, domain.DirectoryIDAnnotation)
		return true
	}
	if !c.room(e.at.Line) {
		return true
	}
	index[e.ref], index[e.id] = at, at // a reference holds a colon, an id does not
	return false
}

// place makes a membership of a link. One with a group of the file that is no team is none.
func (c *catalogue) place(l link) {
	if team, known := c.groups[l.group]; known && !team {
		return
	}
	key := l.group + " " + l.user
	if _, twice := c.places[key]; twice || !c.room(l.at.Line) {
		return // both sides may tell it
	}
	c.places[key] = len(c.wanted.Members)
	team, user := elsewhere(l.group), elsewhere(l.user)
	if at, known := c.teams[l.group]; known {
		team = c.wanted.Teams[at].DirectoryRef
	}
	if at, known := c.users[l.user]; known {
		user = c.wanted.Users[at].DirectoryRef
	}
	c.wanted.Members = append(c.wanted.Members, domain.DirectoryMember{Place: l.at, Team: team, User: user, Role: domain.RoleMember, AnyRole: true})
}

// elsewhere is what an entity that the file does not hold may have become.
func elsewhere(ref string) domain.DirectoryRef {
	return domain.DirectoryRef{ExternalID: ref, ID: domain.DirectoryID(ref[strings.IndexByte(ref, '/')+1:])}
}

// profile reads a field of spec.profile.
func profile(spec yamldoc.Fields, name string) string {
	fields, ok := spec.Get("profile").Fields()
	if !ok {
		return ""
	}
	v := fields.Get(name)
	text := v.Text()
	if !domain.CleanText(text) {
		v.Report("TEXT_CONTROL_CHARACTER", "the text holds a line break or another character that cannot be seen: take it out")
		return ""
	}
	return text
}

// reference is an entity reference where it stands.
type reference struct {
	at  domain.Place
	ref string
}

// references reads a list of entity references: `[kind:][namespace/]name`, where what is left out is what such a list holds,
// and the namespace of the entity that it belongs to.
func references(e entity, list, kind string) (found []reference) {
	for _, v := range e.spec.Get(list).List() {
		text := strings.ToLower(v.Text())
		if text == "" {
			continue
		}
		prefix, rest, named := strings.Cut(text, ":")
		if !named {
			prefix, rest = kind, text
		}
		namespace, name, spaced := strings.Cut(rest, "/")
		if !spaced {
			namespace, name = e.namespace, rest
		}
		if prefix != kind || !entityPart(namespace) || !entityPart(name) {
			v.Report("REFERENCE_INVALID", "%q does not name a %s: write [%s:][namespace/]name", v.Text(), kind, kind)
			continue
		}
		found = append(found, reference{at: domain.Place{Line: v.Line(), Column: "spec." + list}, ref: kind + ":" + namespace + "/" + name})
	}
	return found
}

// entityPart tells whether a text may be a name or a namespace of an entity, in lower case.
func entityPart(text string) bool {
	return text != "" && len(text) <= 63 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	})
}
