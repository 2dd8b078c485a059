// Drives an API server with client-go the way Go controllers do: typed and dynamic clients, informers, patches,
// server-side apply, leader election, pagination, watches. Exits with an error as soon as something is not as expected.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
	"k8s.io/kube-openapi/pkg/util/proto"
)

const namespace = "default"

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

func check(err error, doing string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", doing, err)
		os.Exit(1)
	}
}

func expect(ok bool, format string, args ...any) {
	if !ok {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
		os.Exit(1)
	}
}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	check(err, "kubeconfig")
	config.QPS, config.Burst = 1000, 1000
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	protobuf := rest.CopyConfig(config)
	protobuf.ContentType = "application/vnd.kubernetes.protobuf"
	protobuf.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	for name, each := range map[string]*rest.Config{"json": config, "protobuf": protobuf} {
		typed(ctx, kubernetes.NewForConfigOrDie(each), name)
		fmt.Println("ok typed", name)
	}
	discovered(kubernetes.NewForConfigOrDie(config))
	dynamicClient(ctx, dynamic.NewForConfigOrDie(config))
	informed(ctx, config)
	elected(ctx, kubernetes.NewForConfigOrDie(config))
	paged(ctx, kubernetes.NewForConfigOrDie(config))
	fmt.Println("done")
}

func typed(ctx context.Context, client kubernetes.Interface, name string) {
	maps := client.CoreV1().ConfigMaps(namespace)
	created, err := maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "typed-" + name, Labels: map[string]string{"from": name}},
		Data:       map[string]string{"a": "1"},
		BinaryData: map[string][]byte{"b": {0, 1, 2, 255}},
	}, metav1.CreateOptions{})
	check(err, "create")
	expect(created.UID != "" && string(created.BinaryData["b"]) == "\x00\x01\x02\xff", "created: %v", created)
	_, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: created.Name}}, metav1.CreateOptions{})
	expect(errors.IsAlreadyExists(err), "second create: %v", err)
	stale := created.DeepCopy()
	check(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		current, err := maps.Get(ctx, created.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		current.Data["a"] = "2"
		_, err = maps.Update(ctx, current, metav1.UpdateOptions{})
		return err
	}), "update")
	stale.Data["a"] = "3"
	_, err = maps.Update(ctx, stale, metav1.UpdateOptions{})
	expect(errors.IsConflict(err), "stale update: %v", err)
	for kind, patch := range map[types.PatchType]string{
		types.MergePatchType:          `{"data":{"merge":"1"}}`,
		types.StrategicMergePatchType: `{"data":{"strategic":"1"}}`,
		types.JSONPatchType:           `[{"op":"add","path":"/data/json","value":"1"}]`,
	} {
		_, err = maps.Patch(ctx, created.Name, kind, []byte(patch), metav1.PatchOptions{})
		check(err, string(kind))
	}
	applied, err := maps.Apply(ctx, applycorev1.ConfigMap(created.Name, namespace).WithData(map[string]string{"applied": "1"}),
		metav1.ApplyOptions{FieldManager: "compat", Force: true})
	check(err, "apply")
	expect(len(applied.Data) == 5, "applied: %v", applied.Data)

	replicas := int32(2)
	labels := map[string]string{"app": name}
	deployments := client.AppsV1().Deployments(namespace)
	_, err = deployments.Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "typed-" + name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}},
			},
		},
	}, metav1.CreateOptions{})
	check(err, "create deployment")
	scale, err := deployments.GetScale(ctx, "typed-"+name, metav1.GetOptions{})
	check(err, "get scale")
	scale.Spec.Replicas = 5
	_, err = deployments.UpdateScale(ctx, "typed-"+name, scale, metav1.UpdateOptions{})
	check(err, "update scale")
	found, err := deployments.Get(ctx, "typed-"+name, metav1.GetOptions{})
	check(err, "get deployment")
	expect(*found.Spec.Replicas == 5 && found.Spec.Strategy.RollingUpdate != nil, "deployment: %v", found.Spec)
	background := metav1.DeletePropagationForeground
	check(deployments.Delete(ctx, "typed-"+name, metav1.DeleteOptions{PropagationPolicy: &background}), "delete deployment")
	check(maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "from=" + name}), "delete collection")
	_, err = maps.Get(ctx, created.Name, metav1.GetOptions{})
	expect(errors.IsNotFound(err), "get deleted: %v", err)
}

func discovered(client kubernetes.Interface) {
	groups, resources, err := client.Discovery().ServerGroupsAndResources()
	check(err, "discovery")
	expect(len(groups) > 5 && len(resources) > 5, "%d groups, %d lists", len(groups), len(resources))
	schema, err := client.Discovery().OpenAPISchema()
	check(err, "OpenAPI v2")
	models, err := proto.NewOpenAPIData(schema)
	check(err, "OpenAPI v2 models")
	deployment := ""
	for _, name := range models.ListModels() {
		kinds, _ := models.LookupModel(name).GetExtensions()["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) == 1 && fmt.Sprint(kinds[0]) == "map[group:apps kind:Deployment version:v1]" {
			deployment = name
		}
	}
	expect(deployment != "", "OpenAPI v2 has no Deployment among %d models", len(models.ListModels()))
	kind, ok := models.LookupModel(deployment).(*proto.Kind)
	expect(ok && kind.Fields["spec"] != nil, "OpenAPI v2: a Deployment has no spec")
	paths, err := client.Discovery().OpenAPIV3().Paths()
	check(err, "OpenAPI v3")
	expect(paths["apis/apps/v1"] != nil, "OpenAPI v3: %v", paths)
	fmt.Println("ok discovery")
}

func dynamicClient(ctx context.Context, client dynamic.Interface) {
	maps := client.Resource(configMaps).Namespace(namespace)
	body := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "dynamic"},
		"data":     map[string]any{"a": "1"},
	}}
	_, err := maps.Apply(ctx, "dynamic", body, metav1.ApplyOptions{FieldManager: "one"})
	check(err, "dynamic apply")
	_ = unstructured.SetNestedField(body.Object, "2", "data", "a")
	_, err = maps.Apply(ctx, "dynamic", body, metav1.ApplyOptions{FieldManager: "two"})
	expect(errors.IsConflict(err), "conflicting apply: %v", err)
	causes := err.(errors.APIStatus).Status().Details.Causes
	expect(len(causes) == 1 && causes[0].Type == metav1.CauseTypeFieldManagerConflict && causes[0].Field == ".data.a", "causes: %v", causes)
	check(maps.Delete(ctx, "dynamic", metav1.DeleteOptions{}), "dynamic delete")
	fmt.Println("ok dynamic")
}

func informed(ctx context.Context, config *rest.Config) {
	client := kubernetes.NewForConfigOrDie(config)
	factory := informers.NewSharedInformerFactory(client, 0)
	typed := factory.Core().V1().ConfigMaps().Informer()
	dynamicFactory := dynamicinformer.NewDynamicSharedInformerFactory(dynamic.NewForConfigOrDie(config), 0)
	untyped := dynamicFactory.ForResource(configMaps).Informer()
	events := make(chan string, 1000)
	for name, informer := range map[string]cache.SharedIndexInformer{"typed": typed, "dynamic": untyped} {
		seen := func(kind string) func(any) {
			return func(object any) {
				if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil && key == namespace+"/informed" {
					events <- name + " " + kind
				}
			}
		}
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    seen("add"),
			UpdateFunc: func(_, object any) { seen("update")(object) },
			DeleteFunc: seen("delete"),
		})
		check(err, "handler")
	}
	factory.Start(ctx.Done())
	dynamicFactory.Start(ctx.Done())
	expect(cache.WaitForCacheSync(ctx.Done(), typed.HasSynced, untyped.HasSynced), "informers did not sync")
	watch, err := metadata.NewForConfigOrDie(config).Resource(configMaps).Namespace(namespace).
		Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=informed", AllowWatchBookmarks: true})
	check(err, "metadata watch")
	maps := client.CoreV1().ConfigMaps(namespace)
	object, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "informed"}}, metav1.CreateOptions{})
	check(err, "create informed")
	object.Data = map[string]string{"a": "1"}
	_, err = maps.Update(ctx, object, metav1.UpdateOptions{})
	check(err, "update informed")
	check(maps.Delete(ctx, "informed", metav1.DeleteOptions{}), "delete informed")
	want := map[string]int{}
	for deletes := 0; deletes < 2; {
		select {
		case event := <-events:
			want[event]++
			if event == "typed delete" || event == "dynamic delete" {
				deletes++
			}
		case <-ctx.Done():
			check(ctx.Err(), fmt.Sprintf("informer events, so far %v", want))
		}
	}
	expect(want["typed add"] == 1 && want["dynamic add"] == 1, "informer events: %v", want)
	for _, kind := range []string{"ADDED", "MODIFIED", "DELETED"} {
		event := <-watch.ResultChan()
		partial, ok := event.Object.(*metav1.PartialObjectMetadata)
		expect(ok && string(event.Type) == kind && partial.Name == "informed", "metadata event: %v", event)
	}
	watch.Stop()
	fmt.Println("ok informers")
}

func elected(ctx context.Context, client kubernetes.Interface) {
	leading, stop := context.WithCancel(ctx)
	started := make(chan string, 2)
	run := func(identity string) {
		leaderelection.RunOrDie(leading, leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta:  metav1.ObjectMeta{Name: "compat", Namespace: namespace},
				Client:     client.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
			},
			LeaseDuration: 2 * time.Second, RenewDeadline: time.Second, RetryPeriod: 100 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { started <- identity },
				OnStoppedLeading: func() {},
			},
			ReleaseOnCancel: true,
		})
	}
	go run("one")
	first := <-started
	go run("two")
	time.Sleep(500 * time.Millisecond)
	lease, err := client.CoordinationV1().Leases(namespace).Get(ctx, "compat", metav1.GetOptions{})
	check(err, "lease")
	expect(*lease.Spec.HolderIdentity == first && len(started) == 0, "lease is held by %s", *lease.Spec.HolderIdentity)
	stop()
	fmt.Println("ok leader election")
}

func paged(ctx context.Context, client kubernetes.Interface) {
	maps := client.CoreV1().ConfigMaps(namespace)
	for index := range 25 {
		_, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("paged-%02d", index), Labels: map[string]string{"paged": "yes"}}}, metav1.CreateOptions{})
		check(err, "create paged")
	}
	pages := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) { return maps.List(ctx, options) }))
	pages.PageSize = 4
	count := 0
	check(pages.EachListItem(ctx, metav1.ListOptions{LabelSelector: "paged=yes"}, func(runtime.Object) error {
		count++
		return nil
	}), "pages")
	expect(count == 25, "%d of 25 in pages", count)
	fmt.Println("ok pages")
}
