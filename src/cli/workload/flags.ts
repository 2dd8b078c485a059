/** The flags of `workload create`, `apply` and `update` that describe a workload, under the names of `tanzu apps workload`. */
import type { Command } from "commander";

export type WorkloadFlags = {
  gitRepo?: string;
  gitBranch?: string;
  gitTag?: string;
  gitCommit?: string;
  subPath?: string;
  sourceImage?: string;
  image?: string;
  mavenGroup?: string;
  mavenArtifact?: string;
  mavenVersion?: string;
  mavenType?: string;
  type?: string;
  app?: string;
  label?: string[];
  annotation?: string[];
  env?: string[];
  buildEnv?: string[];
  param?: string[];
  paramYaml?: string[];
  serviceRef?: string[];
  serviceAccount?: string;
  limitCpu?: string;
  limitMemory?: string;
  requestCpu?: string;
  requestMemory?: string;
  /** Without a value: `true`; `=false` takes it away. */
  debug?: boolean | string;
  liveUpdate?: boolean | string;
};

const collect = (value: string, all: string[] = []): string[] => [...all, value];

/** Adds the flags to a command. */
export function withWorkloadFlags(command: Command): Command {
  return command
    .option("--git-repo <url>", "Git repository of the source")
    .option("--git-branch <name>", "branch to follow (default main)")
    .option("--git-tag <name>", "tag to build")
    .option("--git-commit <sha>", "commit to build")
    .option("--sub-path <path>", "folder of the source that holds the application; an empty one unsets it")
    .option("-s, --source-image <reference>", "image that holds the source; with --local-path, where to push it")
    .option("-i, --image <reference>", "image to run instead of building a source")
    .option("--maven-group <id>", "group of a Maven artifact")
    .option("--maven-artifact <id>", "name of a Maven artifact")
    .option("--maven-version <version>", "version of a Maven artifact")
    .option("--maven-type <type>", "packaging of a Maven artifact (default jar)")
    .option("-t, --type <type>", "workload type: web, server or worker (default web)")
    .option("-a, --app <name>", "application that the workload is part of")
    .option("-l, --label <key=value>", "label; `key-` removes it", collect)
    .option("--annotation <key=value>", "annotation of the pods (parameter `annotations`); `key-` removes it", collect)
    .option("-e, --env <key=value>", "environment variable; `key-` removes it", collect)
    .option("--build-env <key=value>", "environment variable of the build; `key-` removes it", collect)
    .option("-p, --param <key=value>", "parameter; `key-` removes it", collect)
    .option("--param-yaml <key=value>", "parameter whose value is YAML or JSON; `key-` removes it", collect)
    .option("--service-ref <name=apiVersion:kind:name>", "service to bind; `name-` removes it", collect)
    .option("--service-account <name>", "service account that stamps the objects; an empty one unsets it")
    .option("--limit-cpu <cores>", "most CPU, such as 500m")
    .option("--limit-memory <bytes>", "most memory, such as 512Mi")
    .option("--request-cpu <cores>", "CPU that must be there")
    .option("--request-memory <bytes>", "memory that must be there")
    .option("--debug [value]", "run in debug mode; --debug=false turns it off")
    .option("--live-update [value]", "run with live update; --live-update=false turns it off");
}
