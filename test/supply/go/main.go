// A convention webhook as Go programs are written: Kubernetes' own types, TLS 1.3 only, the whole context as answer.
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type podConventionContext struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              contextSpec   `json:"spec"`
	Status            contextStatus `json:"status"`
}

type contextSpec struct {
	Template    corev1.PodTemplateSpec `json:"template"`
	ImageConfig []imageConfig          `json:"imageConfig"`
}

type contextStatus struct {
	Template           corev1.PodTemplateSpec `json:"template"`
	AppliedConventions []string               `json:"appliedConventions"`
}

type imageConfig struct {
	Image  string     `json:"image"`
	BOMs   []bom      `json:"boms,omitempty"`
	Config configFile `json:"config"`
}

type bom struct {
	Name string `json:"name"`
	Raw  []byte `json:"raw"`
}

// configFile is the image configuration of the OCI image specification.
type configFile struct {
	Architecture string    `json:"architecture"`
	Created      time.Time `json:"created,omitempty"`
	OS           string    `json:"os"`
	RootFS       struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	Config struct {
		Entrypoint   []string
		Env          []string
		ExposedPorts map[string]struct{}
		Labels       map[string]string
		User         string
		WorkingDir   string
	} `json:"config"`
}

// describe puts what it was told about the first container's image into the pod.
func describe(template *corev1.PodTemplateSpec, images []imageConfig) ([]string, error) {
	container := &template.Spec.Containers[0]
	for _, image := range images {
		if image.Image != container.Image {
			continue
		}
		components := []string{}
		for _, bom := range image.BOMs {
			document := struct {
				Components []struct{ Name, Version string }
			}{}
			if err := json.Unmarshal(bom.Raw, &document); err != nil {
				return nil, fmt.Errorf("%s: %w", bom.Name, err)
			}
			for _, component := range document.Components {
				components = append(components, bom.Name+" "+component.Name+" "+component.Version)
			}
		}
		sort.Strings(components)
		if template.Annotations == nil {
			template.Annotations = map[string]string{}
		}
		template.Annotations["described"] = strings.Join(components, "\n")
		container.Env = append(container.Env, corev1.EnvVar{Name: "BUILT_FOR", Value: image.Config.OS + "/" + image.Config.Architecture})
		return []string{"components", "platform"}, nil
	}
	return nil, fmt.Errorf("nothing is known of image %q of container %q", container.Image, container.Name)
}

// order notes what an earlier convention has left.
func order(template *corev1.PodTemplateSpec, _ []imageConfig) ([]string, error) {
	template.Annotations["before"] = template.Annotations["conventions.carto.run/applied-conventions"]
	return []string{"order"}, nil
}

func handler(convention func(*corev1.PodTemplateSpec, []imageConfig) ([]string, error)) http.HandlerFunc {
	return func(response http.ResponseWriter, request *http.Request) {
		context := podConventionContext{}
		decoder := json.NewDecoder(request.Body)
		if err := decoder.Decode(&context); err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		template := context.Spec.Template.DeepCopy()
		applied, err := convention(template, context.Spec.ImageConfig)
		if err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		context.Status = contextStatus{Template: *template, AppliedConventions: applied}
		response.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(response).Encode(context)
	}
}

// The argument is the directory with tls.crt and tls.key, as a certificate's Secret is mounted; prints the port.
func main() {
	http.HandleFunc("/describe", handler(describe))
	http.HandleFunc("/order", handler(order))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13}}
	panic(server.ServeTLS(listener, filepath.Join(os.Args[1], "tls.crt"), filepath.Join(os.Args[1], "tls.key")))
}
