// A real OpenID Connect provider for the tests: node provider.mjs PORT REDIRECT_URI…
// Whoever types a name is that person, at the level of Pro Santé Connect's e-CPS; « weak » reaches none.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [port, ...redirects] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: "console-3624",
    client_secret: "the-secret-of-the-tests-only",
    redirect_uris: redirects,
    response_types: ["code"],
    grant_types: ["authorization_code"],
  }],
  scopes: ["openid", "scope_all"],
  claims: { acr: null, auth_time: null, iss: null, openid: ["sub"], scope_all: ["SubjectNameID"] },
  acrValues: ["eidas1"],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ["a key of the tests only"] },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, SubjectNameID: `8${id}` }) }),
  loadExistingGrant: async (ctx) => {
    const { client, session } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid scope_all");
    await grant.save();
    return grant;
  },
});

const page = (uid) => `<!DOCTYPE html><html lang="fr"><title>Fournisseur</title><main><h1>Fournisseur d'identité</h1>
<form method="post" action="/interaction/${uid}"><label for="who">Qui êtes-vous ?</label>
<input id="who" name="who"><button>Je suis</button></form></main></html>`;

async function interact(request, response) {
  if (request.method === "GET") {
    const { uid } = await provider.interactionDetails(request, response);
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(page(uid));
    return;
  }
  let body = "";
  for await (const part of request) body += part;
  const who = new URLSearchParams(body).get("who");
  const result = who
    ? { login: { accountId: who, acr: who.startsWith("weak") ? undefined : "eidas1" } }
    : { error: "access_denied", error_description: "nobody" };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const callback = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith("/interaction/")) return callback(request, response);
  return interact(request, response).catch((fault) => {
    response.statusCode = 500;
    response.end(String(fault));
  });
}).listen(Number(port), "127.0.0.1", () => console.log("listening"));
