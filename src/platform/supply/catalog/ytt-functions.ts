/** What the templates in ytt of the catalog begin with: short names, and the metadata that a workload hands on. */

/** The stamping context by short names. */
export const CONTEXT = `\
#@ load("@ytt:data", "data")
#@ load("@ytt:yaml", "yaml")

#@ workload = data.values.workload
#@ params = data.values.params
#@ name = workload.metadata.name
#@ namespace = workload.metadata.namespace

#@ def is_on(param):
#@   return param in params and params[param] in (True, "true")
#@ end
`;

/** Labels and annotations of the workload, without those that tools keep for themselves. */
export const METADATA = `\
#@ TOOLS = ("kapp.k14s.io/", "kubectl.kubernetes.io/", "slipway.dev/")

#@ def handed_on(field):
#@   entries = dict(getattr(workload.metadata, field, {})).items()
#@   return {key: value for key, value in entries if not key.startswith(TOOLS)}
#@ end

#@ def labels():
#@   result = {"app.kubernetes.io/part-of": name}
#@   result.update(handed_on("labels"))
#@   result.update({"app.kubernetes.io/component": "run", "carto.run/workload-name": name})
#@   return result
#@ end
`;

/**
 * Where configuration goes. `repository()` is the URL of the GitOps repository, or nothing for RegistryOps; `directory()`
 * is the workload's place in it, `bundle()` the image that takes its place. Fails when GitOps is only half given.
 */
export const DESTINATION = `\
#@ load("@ytt:assert", "assert")

#@ GITOPS = ("gitops_server_address", "gitops_repository_owner", "gitops_repository_name")

#@ def given():
#@   present = [param for param in GITOPS if params[param]]
#@   missing = [param for param in GITOPS if not params[param]]
#@   if present and missing:
#@     assert.fail("gitops is incomplete: param {} is missing; give all of {}, or none for a bundle in the registry".format(
#@       " and ".join(missing), ", ".join(GITOPS)))
#@   end
#@   return len(present) > 0
#@ end

#@ def repository():
#@   if given():
#@     address, owner, project = [params[param].strip("/") for param in GITOPS]
#@     azure = params.gitops_server_kind == "azure" or "dev.azure.com" in address
#@     return ("{}/{}/_git/{}" if azure else "{}/{}/{}.git").format(address, owner, project)
#@   end
#@   prefix = params.gitops_repository_prefix.rstrip("/")
#@   return params.gitops_repository or ("{}/{}.git".format(prefix, name) if prefix else "")
#@ end

#@ def directory():
#@   return "config/{}/{}".format(namespace, name) if given() else "config"
#@ end

#@ def bundle():
#@   if not hasattr(params.registry, "server"):
#@     assert.fail("param registry is missing: give server and repository for bundles, or {} for GitOps".format(", ".join(GITOPS)))
#@   end
#@   uid = getattr(workload.metadata, "uid", "pending")
#@   return "{}/{}/{}-{}-bundle:{}".format(params.registry.server, params.registry.repository, name, namespace, uid)
#@ end
`;

/** The params that {@link DESTINATION} reads; the last two repositories are the older way to say it. */
export const DESTINATION_PARAMS: readonly { name: string; default: object | string }[] = [
  { name: "registry", default: {} },
  { name: "gitops_server_address", default: "" },
  { name: "gitops_server_kind", default: "" },
  { name: "gitops_repository_owner", default: "" },
  { name: "gitops_repository_name", default: "" },
  { name: "gitops_branch", default: "main" },
  { name: "gitops_repository", default: "" },
  { name: "gitops_repository_prefix", default: "" },
  { name: "serviceAccount", default: "" },
];
