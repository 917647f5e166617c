package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The figures of the event log and its consumers. None is labelled with a team or a person.
var (
	relayLag = prometheus.NewDesc("fortnight_relay_lag_events",
		"Events of the service's log that the broker does not hold yet.", []string{"service"}, nil)
	consumerLag = prometheus.NewDesc("fortnight_consumer_lag_events",
		"Events of the source that the service has not applied yet, as far as it knows.", []string{"service", "source"}, nil)
	eventsApplied = prometheus.NewDesc("fortnight_events_applied_total",
		"Events that were applied since the start.", []string{"service", "source"}, nil)
	eventsFilled = prometheus.NewDesc("fortnight_events_filled_total",
		"Events that were applied since the start and came from the source itself, because the broker did not bring them.", []string{"service", "source"}, nil)
	eventsQuarantined = prometheus.NewDesc("fortnight_events_quarantined_total",
		"Events that were put aside since the start because they could not be applied.", []string{"service", "source"}, nil)
	dueNames = prometheus.NewDesc("fortnight_due_names",
		"Names that the service's task is to be done for: what is due by now, and what could not be done and is soon tried again.",
		[]string{"service", "task"}, nil)
	walBytes = prometheus.NewDesc("fortnight_database_wal_bytes",
		"Size of SQLite's write-ahead log.", []string{"service"}, nil)
)

// lagTimeout bounds the questions that a scrape asks of the databases.
const lagTimeout = 2 * time.Second

// flow collects the figures of the services of this process when they are asked for.
type flow struct{ services []running }

// Describe implements prometheus.Collector.
func (f flow) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{relayLag, consumerLag, eventsApplied, eventsFilled, eventsQuarantined, dueNames, walBytes} {
		descriptions <- d
	}
}

// Collect implements prometheus.Collector.
func (f flow) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
	defer cancel()
	gauge := func(d *prometheus.Desc, value int64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), labels...)
	}
	count := func(d *prometheus.Desc, value int64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	for _, s := range f.services {
		service := s.EventLog().Source()
		if lag, err := s.Relay().Lag(ctx); err == nil {
			gauge(relayLag, lag, service)
		}
		if tasks, has := s.(interface {
			Due(ctx context.Context) (map[string]int64, error)
		}); has {
			if due, err := tasks.Due(ctx); err == nil {
				for task, names := range due {
					gauge(dueNames, names, service, task)
				}
			}
		}
		gauge(walBytes, s.EventLog().DB().WALSize(), service)
		for _, consumer := range s.Consumers() {
			status := consumer.Status()
			gauge(consumerLag, status.Lag(), service, consumer.Source())
			count(eventsApplied, status.Applied, service, consumer.Source())
			count(eventsFilled, status.Filled, service, consumer.Source())
			count(eventsQuarantined, status.Quarantined, service, consumer.Source())
		}
	}
}
