package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Theme converts a stored theme.
func Theme(row record.Row[domain.Theme]) *retrospectivev1.Theme {
	t := row.Value
	theme := &retrospectivev1.Theme{
		Name:       t.Name,
		Title:      t.Title,
		Notes:      t.Notes,
		Etag:       row.Etag,
		CreateTime: timestamppb.New(row.CreateTime),
		UpdateTime: timestamppb.New(row.UpdateTime),
	}
	if t.Votes != nil {
		theme.Votes = new(int32(*t.Votes))
	}
	return theme
}

// ThemeEvent is the data of an event about a theme. A title that quotes a note stays in the retrospective, as the note does.
func ThemeEvent(row record.Row[domain.Theme], event domain.Event) proto.Message {
	theme := Theme(row)
	if row.Value.Quotes != "" {
		theme.Title = ""
	}
	if event == domain.ThemeDeleted {
		return &retrospectivev1.ThemeDeleted{Theme: theme}
	}
	return &retrospectivev1.ThemeChanged{Theme: theme}
}
