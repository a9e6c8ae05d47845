public import Exchanges
import Foundation
import Persistence
public import Scheduling

/// The server's own secrets: as given, or made once and kept beside the database.
public struct ServerSecrets: Sendable {
    public var adminPassword: Secret
    public var signingKey: Secret
    public var encryptionKey: Secret
    /// The admin password was made by this start, or by an earlier one that ended before it could be shown.
    public var isPasswordNew = false

    public init(adminPassword: Secret, signingKey: Secret, encryptionKey: Secret) {
        self.adminPassword = adminPassword
        self.signingKey = signingKey
        self.encryptionKey = encryptionKey
    }

    /// Reads what is kept, and makes what is missing.
    ///
    /// Password and signing key may be renewed by deleting their files: that ends sessions and loses nothing. The
    /// encryption key is never made anew beside a database that may hold ciphertexts (D60, H49).
    /// - Throws: ``ConfigurationErrors``.
    public static func load(
        _ configuration: ServerConfiguration, hasDatabase: Bool, random: any RandomSource
    ) throws(ConfigurationErrors) -> ServerSecrets {
        let folder = configuration.dataFolder
        let password = try secret("ADMIN_PASSWORD", "admin-password", configuration, folder) {
            () throws(ConfigurationErrors) in
            // Before the password: one that is stored and was never shown is always known to be that.
            try PrivateFile.write("The password beside this file has not been shown yet.\n", to: unshownMark(folder))
            return readable(random.bytes(18))
        }
        let signing = try secret("JWT_SECRET", "jwt-secret", configuration, folder) { hex(random.bytes(32)) }
        let encryption = try encryptionKey(configuration, hasDatabase: hasDatabase, random: random)
        var secrets = ServerSecrets(adminPassword: password, signingKey: signing, encryptionKey: encryption)
        secrets.isPasswordNew =
            configuration.text("ADMIN_PASSWORD") == nil
            && FileManager.default.fileExists(atPath: unshownMark(folder))
        return secrets
    }

    /// The password has been shown: later starts do not show it again. A process that ends before this shows it once more.
    public static func passwordWasShown(_ configuration: ServerConfiguration) {
        try? FileManager.default.removeItem(atPath: unshownMark(configuration.dataFolder))
    }

    private static func unshownMark(_ folder: String) -> String { folder + "/admin-password.unshown" }

    /// Whoever is about to make a database calls this first: a database never stands without the key beside it, however
    /// soon the process ends.
    /// - Throws: ``ConfigurationErrors``.
    public static func makeEncryptionKey(
        _ configuration: ServerConfiguration, random: any RandomSource
    ) throws(ConfigurationErrors) {
        _ = try encryptionKey(configuration, hasDatabase: false, random: random)
    }

    /// The key that tokens are signed with, as set or kept; nil where none was made yet. Makes none.
    /// - Throws: ``ConfigurationErrors``.
    public static func signingKey(_ configuration: ServerConfiguration) throws(ConfigurationErrors) -> Secret? {
        if let given = configuration.text("JWT_SECRET") { return Secret(given) }
        return try kept(configuration.dataFolder + "/jwt-secret")
    }

    /// What a start would refuse of the secrets that are given or kept, a line each. Makes none.
    public static func faults(_ configuration: ServerConfiguration) -> [String] {
        var faults: [String] = []
        let names = [
            ("ADMIN_PASSWORD", "admin-password"), ("JWT_SECRET", "jwt-secret"),
            ("ENCRYPTION_PRIVATE_KEY", "encryption-private-key"),
        ]
        for (name, file) in names {
            do throws(ConfigurationErrors) {
                let given = configuration.text(name).map { Secret($0) }
                let path = configuration.dataFolder + "/" + file
                let secret: Secret?
                if let given { secret = given } else { secret = try kept(path) }
                guard let secret else { continue }
                if name == "ENCRYPTION_PRIVATE_KEY" { try check(secret, from: given == nil ? path : name) }
            } catch { faults += error.lines }
        }
        return faults
    }

    /// Files of secrets that others on this machine can read, a line each.
    public static func exposures(_ configuration: ServerConfiguration) -> [String] {
        [
            ("ADMIN_PASSWORD", "admin-password"), ("JWT_SECRET", "jwt-secret"),
            ("ENCRYPTION_PRIVATE_KEY", "encryption-private-key"),
        ].compactMap { name, file in
            let path = configuration.dataFolder + "/" + file
            guard configuration.text(name) == nil,
                let attributes = try? FileManager.default.attributesOfItem(atPath: path),
                let mode = attributes[.posixPermissions] as? NSNumber, mode.intValue & 0o077 != 0
            else { return nil }
            return "\(name): \(path) must be its owner's alone (chmod 600)"
        }
    }

    /// What of the secrets that an operator chose could be guessed, a line each: tokens and passwords can be tried as fast as a
    /// machine computes once one hash or token is known.
    public static func weaknesses(_ configuration: ServerConfiguration) -> [String] {
        let least = [("ADMIN_PASSWORD", 12), ("JWT_SECRET", 32)]
        return least.compactMap { name, length in
            guard let given = configuration.text(name), given.count < length || Set(given).count < 6 else { return nil }
            return "\(name)=***: should be at least \(length) characters that nobody guesses; left empty, one is made"
        }
    }

    private static func encryptionKey(
        _ configuration: ServerConfiguration, hasDatabase: Bool, random: any RandomSource
    ) throws(ConfigurationErrors) -> Secret {
        let folder = configuration.dataFolder
        let key = try secret("ENCRYPTION_PRIVATE_KEY", "encryption-private-key", configuration, folder) {
            () throws(ConfigurationErrors) in
            if hasDatabase {
                throw ConfigurationErrors(lines: [
                    "\(folder)/encryption-private-key: must be there or ENCRYPTION_PRIVATE_KEY set, as \(configuration.databaseLocation.shown) exists and may hold secrets that only this key opens"
                ])
            }
            return Data(random.bytes(32)).base64EncodedString()
        }
        let isGiven = configuration.text("ENCRYPTION_PRIVATE_KEY") != nil
        try check(key, from: isGiven ? "ENCRYPTION_PRIVATE_KEY" : folder + "/encryption-private-key")
        return key
    }

    private static func secret(
        _ name: String, _ file: String, _ configuration: ServerConfiguration, _ folder: String,
        make: () throws(ConfigurationErrors) -> String
    ) throws(ConfigurationErrors) -> Secret {
        if let given = configuration.text(name) { return Secret(given) }
        let path = folder + "/" + file
        if let kept = try kept(path) { return kept }
        let made = try make()
        // Another start may have come first: its secret is what counts.
        if try !PrivateFile.write(made + "\n", to: path, replaces: false), let kept = try kept(path) { return kept }
        return Secret(made)
    }

    private static func kept(_ path: String) throws(ConfigurationErrors) -> Secret? {
        if let kept = FileManager.default.contents(atPath: path) {
            let text = String(decoding: kept, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            guard !text.isEmpty else { throw ConfigurationErrors(lines: ["\(path): must not be empty"]) }
            return Secret(text)
        }
        if FileManager.default.fileExists(atPath: path) {
            throw ConfigurationErrors(lines: ["\(path): must be readable"])
        }
        return nil
    }

    /// - Parameter source: the setting or file that it was read from.
    private static func check(_ encryption: Secret, from source: String) throws(ConfigurationErrors) {
        guard let bytes = Data(base64Encoded: encryption.reveal()), bytes.count >= 32 else {
            let shown = source.contains("/") ? source : "\(source)=***"
            throw ConfigurationErrors(lines: ["\(shown): must be base64 of at least 32 bytes"])
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func readable(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    }
}
