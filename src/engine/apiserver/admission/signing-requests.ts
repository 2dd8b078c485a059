/** Who asks for a certificate, and who may approve and sign: signers are guarded by rights of their own. */
import type { CertificateSigningRequest } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { forbidden } from "#kit/status.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { pemBlocks, requestedOrganizations } from "../auth/certificate-request.ts";
import type { User } from "../wire/request.ts";
import type { Plugin } from "./gate.ts";

const GROUP = "certificates.k8s.io";
const CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";
const MASTERS = "system:masters";

type Draft = Mutable<CertificateSigningRequest>;
const asRequest = (object: Unstructured): Draft => object as unknown as Draft;

/** New requests say whose they are, whatever was written into them, and nobody asks to be a master. */
export function requesterPlugin(): Plugin {
  return {
    operations: ["CREATE"],
    mutate: async ({ user }, draft) => {
      const { spec } = asRequest(draft);
      if (!spec) return;
      for (const field of ["uid", "groups", "extra"] as const) delete spec[field];
      spec.username = user.username;
      if (user.uid) spec.uid = user.uid;
      if (user.groups.length > 0) spec.groups = [...user.groups];
      const extra = Object.entries(user.extra ?? {});
      if (extra.length > 0) spec.extra = Object.fromEntries(extra.map(([key, values]) => [key, [...values]]));
    },
    validate: ({ served }, draft) => {
      const { spec, metadata } = asRequest(draft);
      if (spec?.signerName !== CLIENT_SIGNER) return;
      const [block] = pemBlocks(Buffer.from(String(spec.request ?? ""), "base64").toString("latin1"));
      if (!block || !requestedOrganizations(block.bytes).includes(MASTERS)) return;
      const why = `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`;
      throw forbidden(served.id, metadata.name, why);
    },
  };
}

/** Whoever decides on requests for a signer may `approve` it. */
export function approvalPlugin(access: Authorizer): Plugin {
  return {
    operations: ["UPDATE"],
    validate: ({ user, served }, draft, current) => {
      const { signerName = "" } = (current && asRequest(current).spec) ?? {};
      if (mayUse(access, user, { verb: "approve", signerName })) return;
      const why = `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`;
      throw forbidden(served.id, draft.metadata.name, why);
    },
  };
}

/** Whoever gives a certificate, or says why there is none, may `sign` for the signer. */
export function signingPlugin(access: Authorizer): Plugin {
  return {
    operations: ["UPDATE"],
    validate: ({ user, served }, draft, current) => {
      if (!current || deepEqual(asRequest(draft).status, asRequest(current).status)) return;
      const { signerName = "" } = asRequest(current).spec ?? {};
      if (mayUse(access, user, { verb: "sign", signerName })) return;
      const why = `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`;
      throw forbidden(served.id, draft.metadata.name, why);
    },
  };
}

/** Rights are for a signer, or for all of a domain: `example.com/*`. */
function mayUse(access: Authorizer, user: User, { verb, signerName }: { verb: string; signerName: string }): boolean {
  const names = [signerName, `${signerName.split("/")[0]}/*`];
  return names.some((name) =>
    access.allows(user, { verb, group: GROUP, resource: "signers", namespace: undefined, name }),
  );
}
