package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// DeliverySource returns a source as clients see it: without its secret.
func DeliverySource(row record.Row[domain.DeliverySource]) *pb.DeliverySource {
	s := row.Value
	return &pb.DeliverySource{
		Name: s.Name, Service: s.Service, Environments: s.Environments, EventServices: s.EventServices,
		Format:                   enumOf[pb.DeliveryFormat](pb.DeliveryFormat_value, "DELIVERY_FORMAT_", s.Format),
		PreviousSecretExpireTime: timestamp(s.PreviousExpireTime), ReceivePath: "/v1/" + s.Name + ":receive",
		Etag: row.Etag, CreateTime: timestamppb.New(row.CreateTime), UpdateTime: timestamppb.New(row.UpdateTime),
	}
}

// DeliverySourceFrom returns the source of a request under its name.
func DeliverySourceFrom(name, salt string, s *pb.DeliverySource) *domain.DeliverySource {
	return &domain.DeliverySource{
		Name: name, Service: s.GetService(), Environments: s.GetEnvironments(), EventServices: s.GetEventServices(),
		Format: wordOf[domain.DeliveryFormat](s.GetFormat(), "DELIVERY_FORMAT_"), Salt: salt,
	}
}

// DeliverySourceEvent returns the data of an event of a source.
func DeliverySourceEvent(row record.Row[domain.DeliverySource], e domain.DeliverySourceEvent) proto.Message {
	switch {
	case e.Deleted:
		return &pb.DeliverySourceDeleted{DeliverySource: DeliverySource(row)}
	case e.Rotated:
		return &pb.DeliverySecretRotated{DeliverySource: DeliverySource(row)}
	default:
		return &pb.DeliverySourceCreated{DeliverySource: DeliverySource(row)}
	}
}

// DeliveryHeadersFrom returns the headers of a request by their names. Of several with one name the first counts.
func DeliveryHeadersFrom(list []*pb.DeliveryHeader) domain.DeliveryHeaders {
	headers := make(domain.DeliveryHeaders, len(list))
	for _, h := range list {
		if _, ok := headers[h.GetName()]; !ok {
			headers[h.GetName()] = h.GetValue()
		}
	}
	return headers
}

// Delivery returns a delivery as clients see it.
func Delivery(d domain.Delivery) *pb.Delivery {
	return &pb.Delivery{
		DeliveryId: d.ID, Type: d.Type, ReceiveTime: timestamppb.New(d.ReceiveTime), Reason: d.Reason, Description: d.Text,
		Outcome: enumOf[pb.DeliveryOutcome](pb.DeliveryOutcome_value, "DELIVERY_OUTCOME_", d.Outcome),
	}
}

// Explanation returns what a reading rests on.
func Explanation(metric string, reading domain.Corrected, e domain.DeliveryExplanation) *pb.MeasurementExplanation {
	shown := &pb.MeasurementExplanation{Metric: metric, Measurement: Measurement(reading), Rule: e.Rule}
	for _, d := range e.Deployments {
		shown.Deployments = append(shown.Deployments, &pb.Deployment{
			Deployment: d.Key, Time: timestamppb.New(d.Time), Environment: d.Environment, Commit: d.Commit, CommitTime: timestamp(d.CommitTime),
			Unplanned: d.Unplanned, Rollback: d.Rollback, Failed: d.Failed, Undid: deploymentLink(d.Undid),
			DeliverySource: d.Source, DeliveryId: d.DeliveryID,
		})
	}
	for _, i := range e.Incidents {
		shown.Incidents = append(shown.Incidents, &pb.Incident{
			Incident: i.Key, OpenTime: timestamppb.New(i.OpenTime), ResolveTime: timestamp(i.ResolveTime), Environment: i.Environment,
			CausedBy: deploymentLink(i.CausedBy), DeliverySource: i.Source, DeliveryId: i.DeliveryID, EndDetail: i.EndDetail,
		})
	}
	return shown
}

func deploymentLink(l *domain.DeploymentLink) *pb.DeploymentLink {
	if l == nil {
		return nil
	}
	return &pb.DeploymentLink{
		Deployment: l.Deployment, Basis: enumOf[pb.LinkBasis](pb.LinkBasis_value, "LINK_BASIS_", l.Basis), Detail: l.Detail,
	}
}
