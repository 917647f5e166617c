package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// clockCalls read the clock or wait for it. Rules get `now` handed in.
var clockCalls = []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}

// transactionCalls open a transaction of database/sql.
var transactionCalls = []string{"Begin", "BeginTx"}

// Calls returns one line for each call in the packages' shipped files that a rule forbids, in order: the clock in domain,
// and transactions outside platform/db, which alone knows how to make them durable and retry them.
func Calls(packages []Package) ([]string, error) {
	var found []string
	for _, p := range packages {
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			source, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			lines, err := callsIn(p.ImportPath, name, source)
			if err != nil {
				return nil, err
			}
			found = append(found, lines...)
		}
	}
	slices.Sort(found)
	return found, nil
}

// callsIn checks one file.
func callsIn(importPath, name string, source []byte) ([]string, error) {
	from := placeOf(importPath)
	inDomain := from.kind == service && from.rank == domainRank
	watchTransactions := (from.kind == service || from.kind == platform || from.kind == gateway) && !isIn(importPath, "db")
	if !inDomain && !watchTransactions {
		return nil, nil
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	clock := localName(file, "time")
	var found []string
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		why := ""
		if owner, isName := selector.X.(*ast.Ident); inDomain && isName && owner.Name == clock && slices.Contains(clockCalls, selector.Sel.Name) {
			why = "domain has no clock; now is handed in"
		} else if watchTransactions && slices.Contains(transactionCalls, selector.Sel.Name) {
			why = "transactions are opened by platform/db only"
		}
		if why != "" {
			found = append(found, fmt.Sprintf("%s/%s:%d: %s: %s", short(importPath), name, files.Position(selector.Pos()).Line, selector.Sel.Name, why))
		}
		return true
	})
	return found, nil
}

// localName returns the name by which a file knows an imported package, "" when it does not import it.
func localName(file *ast.File, importPath string) string {
	for _, spec := range file.Imports {
		if strings.Trim(spec.Path.Value, `"`) != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return importPath[strings.LastIndex(importPath, "/")+1:]
	}
	return ""
}
