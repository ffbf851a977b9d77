import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An OTP by M2P prepaid: send it, wait for the code, verify it, be refused with a 429, start afresh.
 *
 * <p>Run it beside a running mocksrv, with a JDK of 11 or newer and nothing else: {@code java Example.java}
 */
public class Example {

    static final String SERVER = Optional.ofNullable(System.getenv("MOCKSRV_URL")).orElse("http://127.0.0.1:8765");

    // A sandbox has ids, codes, failures and a clock of its own, so that tests can run side by side.
    // It exists from its first use: any name will do.
    static final String NAME = "java-" + UUID.randomUUID();
    static final String SANDBOX = SERVER + "/@" + NAME;  // in your app: the vendor's base URL
    static final String ADMIN = SANDBOX + "/__admin";    // for your tests only: what the vendor would never tell

    static final HttpClient HTTP = HttpClient.newHttpClient();

    public static void main(String[] args) throws Exception {
        try {
            aCodeThatWasSentIsVerified();
            theNextCallIsRefused();
            aResetForgetsEverything();
        } finally {
            call(request(SERVER + "/__admin/sandboxes/" + NAME).DELETE());
        }
    }

    static void aCodeThatWasSentIsVerified() throws Exception {
        var sent = send("9876543210");
        expect(200, sent);

        var trace = field("traceNumber", sent.body());
        var code = codeFor("+91 98765 43210");
        expect(409, verify(trace, "wrong"));
        expect(200, verify(trace, code));
    }

    static void theNextCallIsRefused() throws Exception {
        // Once, whoever makes the call. One that your test makes itself can also ask: .header("Prefer", "code=429")
        expect(201, admin("/faults",
                "{'operation': 'm2pGenerateOtp', 'answer': '429 rateLimitExceeded', 'times': 1}"));

        expect(429, send("9876543210"));
        expect(200, send("9876543210"));
    }

    static void aResetForgetsEverything() throws Exception {
        var trace = field("traceNumber", send("9876543210").body());
        var code = codeFor("9876543210");

        expect(200, admin("/reset", "{}"));
        expect(409, verify(trace, code));
    }

    // What your app would do. No library of ours: mocksrv speaks the vendor's own API.

    static HttpResponse<String> send(String mobile) throws Exception {
        return m2p("/prepaid/customer/v1/otp/generate",
                "{'mobileNumber': '" + mobile + "', 'countryCode': 91, 'otpType': 'S', 'template': 'OTP',"
                + " 'entityId': '615928984620006085281025', 'productId': 'HKfXwH9uph', 'card': '0016'}");
    }

    static HttpResponse<String> verify(String trace, String code) throws Exception {
        return m2p("/prepaid/customer/v1/otp/validate-otp",
                "{'traceNumber': '" + trace + "', 'mobileOtp': '" + code + "'}");
    }

    static HttpResponse<String> m2p(String path, String json) throws Exception {
        return call(request(SANDBOX + path)
                .header("Authorization", "Bearer test-bearer-token")
                .header("X-TENANT-ID", "ACME_CORP")
                .POST(BodyPublishers.ofString(quoted(json))));
    }

    // What your tests do beside it.

    /** The code that was sent to somebody: at once when it is there, else the moment it is sent. */
    static String codeFor(String mobile) throws Exception {
        var query = "?to=" + URLEncoder.encode(mobile, UTF_8) + "&timeout=5s";
        var found = call(request(ADMIN + "/otps/wait" + query).header("Accept", "text/plain"));
        expect(200, found);  // 204: none came in time
        return found.body();
    }

    static HttpResponse<String> admin(String path, String json) throws Exception {
        return call(request(ADMIN + path).POST(BodyPublishers.ofString(quoted(json))));
    }

    static void expect(int status, HttpResponse<String> found) {
        var path = found.uri().getPath().replace("/@" + NAME, "");
        var line = found.request().method() + " " + path + " -> " + found.statusCode();
        if (found.statusCode() != status) {
            // mocksrv says why it answered so: what was found, and which line of which fixture answers.
            var why = found.headers().firstValue("X-Mocksrv-Why").orElse("");
            throw new AssertionError(line + ", not " + status + "; " + why + "\n" + found.body());
        }
        System.out.println("ok  " + line);
    }

    // HTTP and JSON, as far as is needed here. (Your app has a JSON library.)

    static HttpRequest.Builder request(String url) {
        return HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "application/json");
    }

    static HttpResponse<String> call(HttpRequest.Builder request) throws Exception {
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }

    static String quoted(String json) {
        return json.replace('\'', '"');
    }

    static String field(String name, String json) {
        Matcher found = Pattern.compile("\"" + name + "\": *\"([^\"]*)\"").matcher(json);
        if (!found.find()) {
            throw new AssertionError("no " + name + " in " + json);
        }
        return found.group(1);
    }
}
