/** Tells who follows images of the embedded registry that one was pushed. */
import type { Handler } from "./front-door.ts";

type Listener = (push: { repository: string }) => void;

export type ImagePushes = {
  /** Returns how to stop. */
  onPush(listener: Listener): () => void;
  /** Tells the listeners of an image that did not come over HTTP. */
  announce(push: { repository: string }): void;
  /** The same handler; when it has answered a manifest's upload, the listeners are told. */
  watch(handler: Handler): Handler;
};

const MANIFEST = /^\/v2\/(.+)\/manifests\/[^/]+$/;

export function imagePushes(): ImagePushes {
  const listeners = new Set<Listener>();
  const announce: Listener = (push) => listeners.forEach((listener) => listener(push));
  return {
    announce,
    onPush: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watch: (handler) => async (request, response) => {
      const repository = request.method === "PUT" ? MANIFEST.exec(request.url ?? "")?.[1] : undefined;
      const handled = await handler(request, response);
      if (repository && handled && response.statusCode < 300) announce({ repository });
      return handled;
    },
  };
}
