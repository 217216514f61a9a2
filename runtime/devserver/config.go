//go:build !slim && unix

package devserver

import (
	"fmt"
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
	storeName   = "sqlite"
	plenty      = 100_000
)

// endpoints are where the four services of the server listen.
type endpoints struct {
	frontend                  *net.TCPAddr
	history, matching, worker int // loopback ports
}

func pickEndpoints(addr string) (endpoints, error) {
	frontend, err := listenable("Temporal", addr)
	if err != nil {
		return endpoints{}, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return endpoints{}, err
	}
	return endpoints{frontend: frontend, history: ports[0], matching: ports[1], worker: ports[2]}, nil
}

func (e endpoints) staticHosts() map[primitives.ServiceName]static.Hosts {
	local := func(port int) static.Hosts { return static.SingleLocalHost(fmt.Sprintf("127.0.0.1:%d", port)) }
	return map[primitives.ServiceName]static.Hosts{
		primitives.FrontendService: static.SingleLocalHost(dialable(e.frontend)),
		primitives.HistoryService:  local(e.history),
		primitives.MatchingService: local(e.matching),
		primitives.WorkerService:   local(e.worker),
	}
}

func serverConfig(store *config.SQL, e endpoints) *config.Config {
	local := func(port int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: "127.0.0.1"}}
	}
	disabled := config.Archival{
		History:    config.HistoryArchival{State: config.ArchivalDisabled},
		Visibility: config.VisibilityArchival{State: config.ArchivalDisabled},
	}
	return &config.Config{
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: "127.0.0.1"}},
		Persistence: config.Persistence{
			DefaultStore:     storeName,
			VisibilityStore:  storeName,
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{storeName: {SQL: store}},
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
			string(primitives.FrontendService): {RPC: config.RPC{GRPCPort: e.frontend.Port, BindOnIP: e.frontend.IP.String()}},
			string(primitives.HistoryService):  local(e.history),
			string(primitives.MatchingService): local(e.matching),
			string(primitives.WorkerService):   local(e.worker),
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

		dynamicconfig.FrontendEnableUpdateWorkflowExecution.Key():              true,
		dynamicconfig.FrontendEnableUpdateWorkflowExecutionAsyncAccepted.Key(): true,
		dynamicconfig.EnableActivityEagerExecution.Key():                       true,
		dynamicconfig.EnableEagerWorkflowStart.Key():                           true,
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key():            true,
		dynamicconfig.EnableServerVersionCheck.Key():                           false, // it would call home
	}
}
