package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Obstacle converts a stored obstacle.
func Obstacle(row record.Row[domain.Obstacle]) *cyclev1.Obstacle {
	obstacle := ListedObstacle(row)
	obstacle.Warnings = Warnings(domain.ObstacleWarnings(row.Value.Description))
	return obstacle
}

// ListedObstacle converts one of many: without warnings, which are for who words an obstacle and cost more than the rest of it.
func ListedObstacle(row record.Row[domain.Obstacle]) *cyclev1.Obstacle {
	o := row.Value
	obstacle := &cyclev1.Obstacle{
		Name:            o.Name,
		Description:     o.Description,
		State:           obstacleState(o.State),
		StateReason:     o.StateReason,
		Etag:            row.Etag,
		CreateTime:      timestamppb.New(row.CreateTime),
		UpdateTime:      timestamppb.New(row.UpdateTime),
		Escalation:      escalation(o.Escalation),
		OutlastedCycles: o.OutlastedCycles,
	}
	if !o.StuckTime.IsZero() {
		obstacle.StuckTime = timestamppb.New(o.StuckTime)
	}
	return obstacle
}

func escalation(e *domain.Escalation) *cyclev1.Escalation {
	if e == nil {
		return nil
	}
	converted := &cyclev1.Escalation{Owner: e.Owner, Reason: e.Reason, AnswerByDate: string(e.AnswerByDate), Answer: e.Answer}
	if !e.EscalateTime.IsZero() {
		converted.EscalateTime = timestamppb.New(e.EscalateTime)
	}
	if !e.AnswerTime.IsZero() {
		converted.AnswerTime = timestamppb.New(e.AnswerTime)
	}
	return converted
}

// Recognized converts what an obstacle was recognised as. obstacles are the others by their names.
func Recognized(own *domain.Obstacle, same domain.Sames, obstacles map[string]*domain.Obstacle) *cyclev1.RecognizeObstacleResponse {
	answer, linked := &cyclev1.RecognizeObstacleResponse{}, []*domain.Obstacle{own}
	for _, one := range same {
		o, found := obstacles[one.Name]
		if !found {
			continue
		}
		if one.Linked {
			linked = append(linked, o)
		}
		answer.SameObstacles = append(answer.SameObstacles, &cyclev1.SameObstacle{
			Obstacle: o.Name, Description: o.Description, State: obstacleState(o.State), SimilarityPercent: int32(one.Percent), Linked: one.Linked,
		})
	}
	count := domain.CountRecurrence(linked...)
	answer.RecurrenceCount, answer.TeamCount, answer.OutlastedCycleCount = int32(count.Times), int32(count.Teams), int32(count.OutlastedCycles)
	return answer
}

// ObstacleState converts a state of the contract.
func ObstacleState(state cyclev1.ObstacleState) domain.ObstacleState {
	return domain.ObstacleState(strings.TrimPrefix(state.String(), "OBSTACLE_STATE_"))
}

func obstacleState(state domain.ObstacleState) cyclev1.ObstacleState {
	return cyclev1.ObstacleState(cyclev1.ObstacleState_value["OBSTACLE_STATE_"+string(state)])
}

// ObstacleEvent is the data of an event about an obstacle.
func ObstacleEvent(row record.Row[domain.Obstacle], event domain.Event) proto.Message {
	obstacle := Obstacle(row)
	switch event {
	case domain.ObstacleMadeCurrent:
		return &cyclev1.ObstacleMadeCurrent{Obstacle: obstacle}
	case domain.ObstacleSettled:
		return &cyclev1.ObstacleSettled{Obstacle: obstacle}
	case domain.ObstacleUpdated:
		return &cyclev1.ObstacleUpdated{Obstacle: obstacle}
	case domain.ObstacleMoved:
		return &cyclev1.ObstacleMoved{Obstacle: obstacle}
	case domain.EscalationOpened:
		return &cyclev1.ObstacleEscalated{Obstacle: obstacle}
	case domain.EscalationAnswered:
		return &cyclev1.EscalationAnswered{Obstacle: obstacle}
	case domain.ObstacleLinked:
		return &cyclev1.ObstacleLinked{Obstacle: obstacle}
	case domain.ObstacleUnlinked:
		return &cyclev1.ObstacleUnlinked{Obstacle: obstacle}
	case domain.ObstacleOutlastedCycle:
		return &cyclev1.ObstacleOutlastedCycle{Obstacle: obstacle}
	case domain.ObstacleStuck:
		return &cyclev1.ObstacleStuck{Obstacle: obstacle}
	default:
		return &cyclev1.ObstacleParked{Obstacle: obstacle}
	}
}
