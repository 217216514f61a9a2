package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Search attributes of a run, for whoever looks for one in the Temporal UI.
var (
	AttributeClient = temporal.NewSearchAttributeKeyKeyword("QuaestorClient")
	AttributePhase  = temporal.NewSearchAttributeKeyKeyword("QuaestorPhase")
	AttributeStatus = temporal.NewSearchAttributeKeyKeyword("QuaestorStatus")
	AttributeSpend  = temporal.NewSearchAttributeKeyFloat64("QuaestorSpendUSD")
)

// SearchAttributes lists the keys that a Temporal service must know.
func SearchAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{AttributeClient, AttributePhase, AttributeStatus, AttributeSpend}
}

// tag sets search attributes of the run where the namespace knows them: an
// unknown one would hold up the workflow for good.
func (r *research) tag(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) {
	if !r.settings.Attributes {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Warn("Setting search attributes", "error", err)
	}
}
