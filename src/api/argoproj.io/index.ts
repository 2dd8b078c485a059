/** argoproj.io: GitOps continuous delivery. */
export { AppProject } from "./app-project.ts";
export { Application } from "./application.ts";
