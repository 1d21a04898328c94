/**
 * ScriptApp and UrlFetchApp, within what the manifest allows:
 * https://developers.google.com/apps-script/reference/script/script-app#getidentitytoken ·
 * https://developers.google.com/apps-script/reference/url-fetch/url-fetch-app#fetchurl,-params ·
 * https://developers.google.com/apps-script/manifest/allowlist-url
 */
'use strict';

const {spawnSync} = require('node:child_process');

const GOOGLE = 'https://www.googleapis.com/auth/';
const OPTIONS = {
  contentType: 'string',
  headers: 'object',
  method: 'string',
  payload: 'string',
  validateHttpsCertificates: 'boolean',
  followRedirects: 'boolean',
  muteHttpExceptions: 'boolean',
  escaping: 'boolean',
};
const METHODS = ['get', 'delete', 'patch', 'post', 'put'];

/** Fetches in another process, for a script waits for its answers. */
const FETCH = `
const {url, ...options} = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
fetch(url, options)
    .then(async (answer) => console.log(JSON.stringify({status: answer.status, body: await answer.text()})))
    .catch((error) => { console.error(String(error.cause || error)); process.exitCode = 1; });
`;

function needs(manifest, scope) {
  if (!manifest.oauthScopes.includes(scope)) throw new Error(`Specified permissions are not sufficient: ${scope}`);
}

const scriptApp = (manifest, token) => ({
  getIdentityToken() {
    if (!manifest.oauthScopes.includes('openid')) return null;
    needs(manifest, `${GOOGLE}userinfo.email`); // without it the token names nobody
    return token;
  },
});

function checkAllowed(manifest, url) {
  const child = (prefix) => url.startsWith(prefix) && (prefix.endsWith('/') || ['', '/', '?', '#'].includes(url.charAt(prefix.length)));
  for (const prefix of manifest.urlFetchWhitelist) {
    if (!/^https:\/\/[^/*]+\.[^/]+\/./.test(`${prefix}.`)) throw new Error(`urlFetchWhitelist: ${prefix}`);
  }
  if (!manifest.urlFetchWhitelist.some(child)) throw new Error(`The URL is not in urlFetchWhitelist: ${url}`);
}

function checkOptions(options) {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== OPTIONS[name]) throw new Error(`Attribute provided with invalid value: ${name}`);
  }
  if (options.method && !METHODS.includes(options.method.toLowerCase())) throw new Error(`method ${options.method}`);
}

/** Where a name leads to: `hosts`, for no name of the real world does in a test. */
function resolved(hosts, url) {
  const {host, pathname, search} = new URL(url);
  if (!(host in hosts)) throw new Error(`DNS error: ${url}`);
  return `${hosts[host]}${pathname}${search}`;
}

function request(url, options) {
  const headers = {'Content-Type': options.contentType || 'application/x-www-form-urlencoded', ...options.headers};
  const asked = {
    url,
    headers,
    method: (options.method || 'get').toUpperCase(),
    body: options.payload,
    redirect: options.followRedirects === false ? 'manual' : 'follow',
  };
  const done = spawnSync(process.execPath, ['-e', FETCH], {input: JSON.stringify(asked), encoding: 'utf8', timeout: 30_000});
  if (done.status !== 0) throw new Error(`Address unavailable: ${url} ${done.stderr}`);
  return JSON.parse(done.stdout);
}

/** `answer`: what every request gets, in place of one that is sent. */
const urlFetchApp = (manifest, hosts, answer) => ({
  fetch(url, options = {}) {
    needs(manifest, `${GOOGLE}script.external_request`);
    checkAllowed(manifest, url);
    checkOptions(options);
    const {status, body} = answer || request(resolved(hosts, url), options);
    if (status >= 400 && !options.muteHttpExceptions) throw new Error(`Request failed for ${url} returned code ${status}`);
    return {getResponseCode: () => status, getContentText: () => body};
  },
});

module.exports = {scriptApp, urlFetchApp};
