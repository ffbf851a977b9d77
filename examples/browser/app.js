// The page calls Cashfree PPI by its own API; only the base URL says that it is mocksrv. It comes from the address here,
// as in index.html?api=http://127.0.0.1:8765/@me, and from your build's settings in a real app.
const api = new URLSearchParams(location.search).get('api') ?? 'http://127.0.0.1:8765';

// Test data. A secret of yours never belongs into a page: there, a back end of your own calls Cashfree.
const credentials = { 'x-client-id': 'TEST_CLIENT_ID', 'x-client-secret': 'TEST_CLIENT_SECRET' };

const sendForm = document.querySelector('#send');
const verifyForm = document.querySelector('#verify');
const status = document.querySelector('[role=status]');

let verification;

sendForm.addEventListener('submit', async event => {
  event.preventDefault();
  const id = crypto.randomUUID();
  const answer = await call('/ppi/otp/generate', {
    otp_verification_id: id,
    user_id: new FormData(sendForm).get('user'),
    notification_modes: ['SMS'],
  });
  if (answer.status === 'OTP_GENERATED') {
    verification = id;
    verifyForm.hidden = false;
    status.textContent = 'We have sent you a code.';
  }
});

verifyForm.addEventListener('submit', async event => {
  event.preventDefault();
  const answer = await call('/ppi/otp/submit', {
    otp_verification_id: verification,
    otp: new FormData(verifyForm).get('code'),
  });
  if (answer.status === 'VERIFIED') status.textContent = 'Your phone is verified.';
  if (answer.status === 'FAILED') status.textContent = 'That is not the code.';
});

/** The answer; what was refused is shown, and the answer is empty. */
async function call(path, body) {
  const response = await fetch(api + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...credentials },
    body: JSON.stringify(body),
  });
  if (response.ok) return response.json();
  const seconds = response.headers.get('Retry-After'); // mocksrv lets pages of any origin read it
  status.textContent = response.status === 429
    ? `Too many codes. Try again in ${seconds} seconds.`
    : `That did not work (${response.status}).`;
  return {};
}
