// The page of this folder in a real browser, against a running mocksrv: npm install && npm test
// The browser is the one of this machine: Chromium or Chrome, or what CHROMIUM names.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { delimiter, extname, join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { chromium } from 'playwright-core';

const server = process.env.MOCKSRV_URL ?? 'http://127.0.0.1:8765';

// A sandbox of our own: the page and this test share it, and nobody else. It exists from its first use.
const name = `browser-${randomUUID()}`;
const sandbox = `${server}/@${name}`;
const admin = `${sandbox}/__admin`;

let browser, page, site;

before(async () => {
  site = await serve(new URL('.', import.meta.url));
  browser = await chromium.launch({ // with a new and empty profile
    executablePath: executable(),
    args: [
      ...['--headless=new', '--no-sandbox', '--disable-gpu'], // as containers want it
      ...['--disable-quic', '--no-first-run', '--disable-background-networking'], // calls nobody by itself
      ...['--disable-component-update', '--disable-sync'],
    ],
  });
});

after(async () => {
  await browser?.close();
  site?.close();
  await fetch(`${server}/__admin/sandboxes/${name}`, { method: 'DELETE' });
});

beforeEach(async () => {
  await fetch(`${admin}/reset`, { method: 'POST' });
  await page?.context().close();
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(5000);
  // Another port is another origin: whatever the page asks mocksrv is a cross-origin call.
  await page.goto(`http://localhost:${site.address().port}/index.html?api=${sandbox}`);
});

test('the page sends a code and verifies it', async () => {
  await page.getByRole('button', { name: 'Send code' }).click();
  await status('We have sent you a code.');

  await enter('999999');
  await status('That is not the code.');

  await enter(await codeFor('USER827364'));
  await status('Your phone is verified.');
});

test('the page says when there are too many codes', async () => {
  // The next call gets a 429, with the Retry-After of the vendor.
  await fetch(`${admin}/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ operation: 'generateOtp', answer: '429 rateLimitExceeded', times: 1 }),
  });
  await page.getByRole('button', { name: 'Send code' }).click();
  await status(/^Too many codes. Try again in \d+ seconds.$/);
});

test('the page cannot read the code by itself, nor change anything', async () => {
  await page.getByRole('button', { name: 'Send code' }).click();
  await status('We have sent you a code.');
  const code = await codeFor('USER827364');

  // The admin API is for programs of this machine, not for pages. No page of another origin may read its answers ...
  assert.equal(await page.evaluate(url => fetch(url).catch(error => error.name), `${admin}/otps/latest`), 'TypeError');

  // ... nor is a call obeyed that a browser makes without asking before.
  const answered = page.waitForResponse(`${admin}/reset`);
  await page.evaluate(url => fetch(url, { method: 'POST', mode: 'no-cors' }), `${admin}/reset`);
  assert.equal((await answered).status(), 403);
  assert.equal(await codeFor('USER827364'), code); // nothing was reset
});

/** The code that was sent to somebody: read here, beside the page, as a person reads it from a phone. */
async function codeFor(user) {
  const query = new URLSearchParams({ to: user, timeout: '5s' });
  const response = await fetch(`${admin}/otps/wait?${query}`, { headers: { Accept: 'text/plain' } });
  assert.equal(response.status, 200, `no code for ${user}`); // 204: none came in time
  return response.text();
}

async function enter(code) {
  await page.getByLabel('Code').fill(code);
  await page.getByRole('button', { name: 'Verify' }).click();
}

/** Wait until the page says so. */
function status(text) {
  return page.getByRole('status').filter({ hasText: text }).waitFor();
}

/** A folder's files over HTTP, on any free port. */
async function serve(folder) {
  const types = { '.html': 'text/html', '.js': 'text/javascript' };
  const files = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    try {
      const file = await readFile(new URL(`.${pathname}`, folder));
      response.writeHead(200, { 'Content-Type': types[extname(pathname)] ?? 'application/octet-stream' }).end(file);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise(done => files.listen(0, 'localhost', done));
  return files;
}

/** The browser of this machine. */
function executable() {
  const names = ['chromium', 'google-chrome', 'chromium-browser'];
  const places = process.env.PATH.split(delimiter).flatMap(folder => names.map(name => join(folder, name)));
  const found = process.env.CHROMIUM ?? places.find(place => existsSync(place));
  assert.ok(found, 'no browser: install chromium, or name one in CHROMIUM');
  return found;
}
