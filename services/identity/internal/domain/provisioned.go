package domain

import "github.com/fortnighthq/fortnight/services/internal/platform/fault"

// unowned refuses a change of what a provisioning file owns: the next start of the program would undo it. noun and name say
// what it is; file is empty when no file owns it.
func unowned(noun, name, file string) error {
	if file == "" {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "PROVISIONED",
		"The %s %q is kept by the provisioning file %s: change it there and start the program again.", noun, name, file).With("file", file)
}

// ownedBy refuses a file what another one owns.
func ownedBy(noun, name, owner, file string) error {
	if owner == file {
		return nil
	}
	return unowned(noun, name, owner)
}
