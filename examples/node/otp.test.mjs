// An OTP by Cashfree Mobile 360: send it, wait for the code, verify it, be refused with a 429, start afresh.
// Run it beside a running mocksrv: npm test

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';

const server = process.env.MOCKSRV_URL ?? 'http://127.0.0.1:8765';

// A sandbox has ids, codes, failures and a clock of its own, so that test files can run side by side.
// It exists from its first use: any name will do.
const name = `node-${randomUUID()}`;
const sandbox = `${server}/@${name}`; // in your app: the vendor's base URL
const admin = `${sandbox}/__admin`; // for your tests only: what the vendor would never tell

// What your app would do. No SDK, no library of ours: mocksrv speaks the vendor's own API.

const credentials = { 'x-client-id': 'TEST_CLIENT_ID', 'x-client-secret': 'TEST_CLIENT_SECRET' };

async function post(url, body, headers = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function send(id, mobile, headers = {}) {
  const consent = {
    timestamp: new Date().toISOString(), // of the last five minutes
    obtained: true,
    type: 'EXPLICIT',
    purpose: 'User consent to fetch data.',
  };
  return post(
    `${sandbox}/verification/mobile360/otp/send`,
    { verification_id: id, mobile_number: mobile, notification_modes: ['SMS'], user_consent: consent },
    { ...credentials, ...headers },
  );
}

function verify(id, otp) {
  return post(`${sandbox}/verification/mobile360/otp/verify`, { verification_id: id, otp }, credentials);
}

// What your tests do beside it.

/** The code that was sent to somebody: at once when it is there, else the moment it is sent. */
async function codeFor(mobile) {
  const query = new URLSearchParams({ to: mobile, timeout: '5s' });
  const response = await fetch(`${admin}/otps/wait?${query}`, { headers: { Accept: 'text/plain' } });
  assert.equal(response.status, 200, `no code for ${mobile}`); // 204: none came in time
  return response.text();
}

beforeEach(() => post(`${admin}/reset`, {}));
after(() => fetch(`${server}/__admin/sandboxes/${name}`, { method: 'DELETE' }));

test('a code that was sent is verified', async () => {
  const sent = await send('order-1', '9876543210');
  assert.equal(sent.body.status, 'OTP_GENERATED');

  const verified = await verify('order-1', await codeFor('+91 98765 43210'));
  assert.equal(verified.body.status, 'SUCCESS');
});

test('a wrong code is not', async () => {
  await send('order-1', '9876543210');

  const refused = await verify('order-1', '999999');
  assert.equal(refused.status, 400);
});

test('one call asks for a 429', async () => {
  const refused = await send('order-1', '9876543210', { Prefer: 'code=429' });
  assert.equal(refused.status, 429);
});

test('the next call gets a 429, whoever makes it', async () => {
  // When the call is made deep inside your app, where no test can add a header. Names of answers: GET operations.
  await post(`${admin}/faults`, { operation: 'VrsMobile360SendOtpRequest', answer: '429 tooManyRequestsPerIp', times: 1 });

  const refused = await send('order-1', '9876543210');
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('Retry-After')) > 0);

  const again = await send('order-1', '9876543210');
  assert.equal(again.status, 200);
});

test('a reset forgets everything', async () => {
  await send('order-1', '9876543210');
  assert.equal((await send('order-1', '9876543210')).status, 409); // an id is taken once

  await post(`${admin}/reset`, {});
  assert.equal((await send('order-1', '9876543210')).status, 200);
});
