package devserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
)

// Services are the parts of a Temporal client that registration needs;
// client.Client has them.
type Services interface {
	OperatorService() operatorservice.OperatorServiceClient
	WorkflowService() workflowservice.WorkflowServiceClient
}

const (
	attributePoll = 20 * time.Millisecond
	attributeWait = 30 * time.Second
)

// RegisterSearchAttributes registers the attributes that the namespace does
// not have yet and returns when workflows can use them. An attribute that
// exists with another type is an error, and nothing is registered then.
func RegisterSearchAttributes(ctx context.Context, services Services, namespace string, attributes map[string]enumspb.IndexedValueType) error {
	if len(attributes) == 0 {
		return nil
	}
	missing, err := missingAttributes(ctx, services, namespace, attributes)
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = services.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        namespace,
		SearchAttributes: missing,
	})
	if exists := (*serviceerror.AlreadyExists)(nil); errors.As(err, &exists) {
		// Another process registered at the same moment; look whether it was
		// the same attributes.
		missing, err = missingAttributes(ctx, services, namespace, attributes)
		if err == nil && len(missing) > 0 {
			err = fmt.Errorf("%w: still missing %s", exists, attributeNames(missing))
		}
	}
	if err != nil {
		return fmt.Errorf("registering search attributes %s in namespace %q (this needs the right to administer it; "+
			"in Temporal Cloud add them in its console): %w", attributeNames(attributes), namespace, err)
	}
	return awaitAttributes(ctx, services, namespace, attributes)
}

func missingAttributes(ctx context.Context, services Services, namespace string, attributes map[string]enumspb.IndexedValueType) (map[string]enumspb.IndexedValueType, error) {
	list, err := services.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("listing search attributes of namespace %q: %w", namespace, err)
	}
	missing := make(map[string]enumspb.IndexedValueType)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		want := attributes[name]
		have, ok := list.GetCustomAttributes()[name]
		switch {
		case !ok:
			missing[name] = want
		case have != want:
			return nil, fmt.Errorf("search attribute %q of namespace %q is of type %s, not %s: remove it or use another namespace",
				name, namespace, have, want)
		}
	}
	return missing, nil
}

// awaitAttributes waits until the server's caches know the attributes: it
// accepts them a moment before it lets workflows use them.
func awaitAttributes(ctx context.Context, services Services, namespace string, attributes map[string]enumspb.IndexedValueType) error {
	ctx, cancel := context.WithTimeout(ctx, attributeWait)
	defer cancel()
	terms := make([]string, 0, len(attributes))
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		terms = append(terms, fmt.Sprintf("`%s` IS NULL", name))
	}
	request := &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: strings.Join(terms, " AND ")}
	for {
		_, err := services.WorkflowService().CountWorkflowExecutions(ctx, request)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for search attributes %s in namespace %q: %w", attributeNames(attributes), namespace, err)
		case <-time.After(attributePoll):
		}
	}
}

func attributeNames(attributes map[string]enumspb.IndexedValueType) string {
	return strings.Join(slices.Sorted(maps.Keys(attributes)), ", ")
}
