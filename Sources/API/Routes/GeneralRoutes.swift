import Scheduling
import TradingCore

/// The root, and logging in.
struct GeneralRoutes {
    let authentication: AdminAuthentication
    let configuration: ServerConfiguration
    let time: any TimeSource

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/", "Which server this is", tag: "general", answers: .json(.server), needsToken: false) {
                _ in
                .json(
                    .object([
                        "mixin_app_id": configuration.text("MIXIN_APP_ID").map(JSONTree.string),
                        "app_hash": .string(configuration.revision),
                        "recording_oracle_url": .string(configuration.required("HUFI_RECORDING_ORACLE_API_URL")),
                        "campaign_launcher_url": .string(configuration.required("HUFI_CAMPAIGN_LAUNCHER_API_URL")),
                        "timestamp": .time(time.now()),
                    ]))
            },
            Endpoint(
                .post, "/auth/login", "Log in as admin", tag: "auth", answers: .json(.token), needsToken: false,
                parameters: [.body("password", .secret, isRequired: false, "Lower-case hex SHA-256 of the password")],
                success: "{access_token}"
            ) { input in
                let token = try await authentication.logIn(input.text("password"))
                return .json(.object(["access_token": .string(token)]))
            },
        ]
    }
}
