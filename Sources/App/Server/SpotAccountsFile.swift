import Exchanges
import NIOCore
import Simulators
import TradingCore

/// Accounts of the paper exchange with several keys each:
///
///     [{"name": "alice", "funds": {"USDT": "1000000"}, "keys": [
///        {"key": "alice-trades", "secret": "…"},
///        {"key": "alice-signs", "publicKey": "MCowBQYDK2VwAyEA…", "enableWithdrawals": true,
///         "ipRestrict": ["127.0.0.1"]}]}]
///
/// Errors name the place; a secret is in none of them.
enum SpotAccountsFile {
    static func accounts(path: String) throws -> [SpotAccount] {
        guard case .array(let elements) = try JSONFile.value(path: path) else {
            throw BadInput("--accounts \(path): must be a list of accounts")
        }
        return try elements.enumerated().map { try account($1, "--accounts \(path): [\($0)]") }
    }

    private static func account(_ value: JSONValue, _ place: String) throws -> SpotAccount {
        let fields = try Fields(value, place, known: ["name", "funds", "keys"])
        let name = try fields.text("name")
        guard !name.isEmpty, !name.contains(":") else {
            throw BadInput("\(place).name: must be a name without a colon")
        }
        guard case .array(let keys)? = value["keys"], !keys.isEmpty else {
            throw BadInput("\(place).keys: must be a list of at least one key")
        }
        return SpotAccount(
            name: name, keys: try keys.enumerated().map { try key($1, "\(place).keys[\($0)]") },
            funds: try funds(value["funds"], "\(place).funds"))
    }

    private static func funds(_ value: JSONValue?, _ place: String) throws -> [AssetID: FixedDecimal] {
        guard case .object(let members)? = value else { throw BadInput("\(place): must be an object of amounts") }
        var funds: [AssetID: FixedDecimal] = [:]
        for member in members {
            let text: String? =
                switch member.value {
                case .string(let text), .number(let text): text
                default: nil
                }
            guard let amount = text.flatMap({ FixedDecimal($0) }), !amount.isNegative, amount <= "1000000000000" else {
                throw BadInput("\(place).\(member.key): must be an amount from 0 to 10^12")
            }
            guard funds.updateValue(amount, forKey: AssetID(member.key.uppercased())) == nil else {
                throw BadInput("\(place).\(member.key): must be given once")
            }
        }
        return funds
    }

    private static func key(_ value: JSONValue, _ place: String) throws -> SpotKey {
        let fields = try Fields(value, place, known: keyFields)
        let name = try fields.text("key")
        guard SpotOptions.isKey(name) else {
            throw BadInput("\(place).key: must be up to 128 letters, digits, - and _")
        }
        let may = SpotPermissions(
            canRead: try fields.flag("enableReading") ?? true,
            canTrade: try fields.flag("enableSpotAndMarginTrading") ?? true,
            canWithdraw: try fields.flag("enableWithdrawals") ?? false, addresses: try addresses(value, place))
        return SpotKey(name, try proof(value, fields, place), may)
    }

    private static let keyFields = [
        "key", "secret", "publicKey", "enableReading", "enableSpotAndMarginTrading", "enableWithdrawals", "ipRestrict",
    ]

    private static func addresses(_ value: JSONValue, _ place: String) throws -> [String]? {
        guard let list = value["ipRestrict"] else { return nil }
        let rule = "\(place).ipRestrict: must be a list of at least one IP address"
        guard case .array(let elements) = list, !elements.isEmpty else { throw BadInput(rule) }
        return try elements.map { element in
            guard case .string(let text) = element, (try? SocketAddress(ipAddress: text, port: 0)) != nil else {
                throw BadInput(rule)
            }
            return text
        }
    }

    private static func proof(_ value: JSONValue, _ fields: Fields, _ place: String) throws -> SpotKey.Proof {
        switch (value["secret"], value["publicKey"]) {
        case (_?, nil):
            let secret = try fields.text("secret")
            guard !secret.isEmpty else { throw BadInput("\(place).secret: must not be empty") }
            return .secret(Secret(secret))
        case (nil, _?):
            guard let key = SpotPublicKey(try fields.text("publicKey")) else {
                throw BadInput("\(place).publicKey: must be an Ed25519 public key, as PEM or Base64")
            }
            return .ed25519(key)
        default: throw BadInput("\(place): must have either secret or publicKey")
        }
    }

    /// An object whose fields are all known ones.
    private struct Fields {
        let value: JSONValue
        let place: String

        init(_ value: JSONValue, _ place: String, known: [String]) throws {
            guard case .object(let members) = value else { throw BadInput("\(place): must be an object") }
            for member in members where !known.contains(member.key) {
                throw BadInput("\(place).\(member.key): must be one of \(known.joined(separator: ", "))")
            }
            (self.value, self.place) = (value, place)
        }

        func text(_ name: String) throws -> String {
            guard case .string(let text)? = value[name] else { throw BadInput("\(place).\(name): must be a text") }
            return text
        }

        func flag(_ name: String) throws -> Bool? {
            guard let field = value[name] else { return nil }
            guard case .bool(let flag) = field else { throw BadInput("\(place).\(name): must be true or false") }
            return flag
        }
    }
}
