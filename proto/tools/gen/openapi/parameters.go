package main

import (
	"fmt"
	"regexp"
	"strings"
)

var pathVariable = regexp.MustCompile(`\{([^}]+)\}`)

// nameParameters gives the variables of a path the names of the collections they stand in, so that
// /v1/teams/{name}/cycles/{name_1}:advance becomes /v1/teams/{team}/cycles/{cycle}:advance. Without that, one path would
// also appear under as many spellings as methods use it, which OpenAPI forbids. It returns the new path and the new name
// of each old one.
func nameParameters(path string) (string, map[string]string, error) {
	names := map[string]string{}
	taken := map[string]bool{}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		match := pathVariable.FindStringSubmatch(segment)
		if match == nil {
			continue
		}
		if i == 0 || strings.Contains(segments[i-1], "{") {
			return "", nil, fmt.Errorf("%s: {%s} does not follow a collection", path, match[1])
		}
		name := singular(segments[i-1])
		if taken[name] {
			return "", nil, fmt.Errorf("%s: the collection %s appears twice", path, segments[i-1])
		}
		taken[name] = true
		names[match[1]] = name
		segments[i] = strings.Replace(segment, match[0], "{"+name+"}", 1)
	}
	return strings.Join(segments, "/"), names, nil
}

// singular turns a collection id into the word for one of its members.
func singular(collection string) string {
	if stem, found := strings.CutSuffix(collection, "ies"); found {
		return stem + "y"
	}
	return strings.TrimSuffix(collection, "s")
}

// renameParameters carries the new names of path variables into an operation's parameters.
func renameParameters(operation object, names map[string]string) {
	for _, parameter := range parametersOf(operation) {
		name, _ := parameter["name"].(string)
		if renamed, found := names[name]; found && parameter["in"] == "path" {
			parameter["name"] = renamed
			parameter["description"] = "The last part of the " + renamed + "'s name."
		}
	}
}

func parametersOf(operation object) []object {
	list, _ := operation["parameters"].([]any)
	parameters := make([]object, 0, len(list))
	for _, item := range list {
		if parameter, ok := item.(object); ok {
			parameters = append(parameters, parameter)
		}
	}
	return parameters
}
