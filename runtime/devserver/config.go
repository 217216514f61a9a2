//go:build !slim && unix

package devserver

import (
	"context"
	"net"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
)

const (
	clusterName = "active"
	mainStore   = "main"
	listStore   = "visibility"
	plenty      = 100_000
)

// endpoints are where the four services of the server listen, all but the
// frontend on the loopback interface.
type endpoints struct {
	frontend, history, matching, worker *net.TCPAddr
}

func pickEndpoints(ctx context.Context, addr string) (e endpoints, err error) {
	for _, pick := range []struct {
		place **net.TCPAddr
		what  string
		addr  string
	}{
		{&e.frontend, "Temporal", addr},
		{&e.history, "Temporal's history service", loopback},
		{&e.matching, "Temporal's matching service", loopback},
		{&e.worker, "Temporal's worker service", loopback},
	} {
		if *pick.place, err = listenable(ctx, pick.what, pick.addr); err != nil {
			return e, err
		}
	}
	return e, nil
}

func (e endpoints) staticHosts() map[primitives.ServiceName]static.Hosts {
	return map[primitives.ServiceName]static.Hosts{
		primitives.FrontendService: static.SingleLocalHost(dialable(e.frontend)),
		primitives.HistoryService:  static.SingleLocalHost(e.history.String()),
		primitives.MatchingService: static.SingleLocalHost(e.matching.String()),
		primitives.WorkerService:   static.SingleLocalHost(e.worker.String()),
	}
}

func serverConfig(databases stores, e endpoints) *config.Config {
	service := func(addr *net.TCPAddr) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: addr.Port, BindOnIP: addr.IP.String()}}
	}
	disabled := config.Archival{
		History:    config.HistoryArchival{State: config.ArchivalDisabled},
		Visibility: config.VisibilityArchival{State: config.ArchivalDisabled},
	}
	return &config.Config{
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: "127.0.0.1"}},
		Persistence: config.Persistence{
			DefaultStore:     mainStore,
			VisibilityStore:  listStore,
			NumHistoryShards: 1,
			DataStores: map[string]config.DataStore{
				mainStore: {SQL: databases.main},
				listStore: {SQL: databases.visibility},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: dialable(e.frontend)},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services: map[string]config.Service{
			string(primitives.FrontendService): service(e.frontend),
			string(primitives.HistoryService):  service(e.history),
			string(primitives.MatchingService): service(e.matching),
			string(primitives.WorkerService):   service(e.worker),
		},
		Archival: disabled,
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: config.ArchivalDisabled},
		}},
		PublicClient: config.PublicClient{HostPort: dialable(e.frontend)},
	}
}

// limits lifts what is meant to share a cluster between its users. With one
// shard and one machine the stock poll limits alone would hold a workflow to
// 20 tasks a second.
func limits() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		dynamicconfig.TransferProcessorMaxPollRPS.Key():   2000,
		dynamicconfig.TimerProcessorMaxPollRPS.Key():      2000,
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key(): 2000,
		dynamicconfig.OutboundProcessorMaxPollRPS.Key():   2000,

		dynamicconfig.FrontendRPS.Key():                                  plenty,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():           plenty,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): plenty,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                    plenty,
		dynamicconfig.HistoryRPS.Key():                                   plenty,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                     plenty,
		dynamicconfig.MatchingRPS.Key():                                  plenty,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():                    plenty,
		dynamicconfig.VisibilityPersistenceMaxReadQPS.Key():              plenty,
		dynamicconfig.VisibilityPersistenceMaxWriteQPS.Key():             plenty,
		dynamicconfig.SchedulerNamespaceStartWorkflowRPS.Key():           1000.0,

		// One host needs no partitions of a queue to forward between.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		// A watcher's channel holds one event; when a workflow closes a moment
		// after another event the close can be dropped, and the wait for its
		// result lasts a whole poll. Short polls bound that.
		dynamicconfig.HistoryLongPollExpirationInterval.Key(): time.Second,

		dynamicconfig.FrontendEnableUpdateWorkflowExecution.Key():              true,
		dynamicconfig.FrontendEnableUpdateWorkflowExecutionAsyncAccepted.Key(): true,
		dynamicconfig.EnableActivityEagerExecution.Key():                       true,
		dynamicconfig.EnableEagerWorkflowStart.Key():                           true,
		dynamicconfig.EnableServerVersionCheck.Key():                           false, // it would call home
	}
}
