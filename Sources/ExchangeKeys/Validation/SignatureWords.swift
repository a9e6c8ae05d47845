/// What in an exchange's words looks like a signature: long hexadecimal numbers, base64 that is filled up at its end, and whatever
/// stands as the value of a field that is called so. Pure.
enum SignatureWords {
    /// HMAC-SHA256 in hexadecimal, the shortest that exchanges use.
    private static let hexadecimal = 64
    /// The same in base64, without its filling.
    private static let base64 = 43
    /// A field's value that is shorter is a word.
    private static let value = 16

    static func hidden(in text: String) -> String {
        var (shown, rest, isField) = ("", Substring(text), false)
        while let first = rest.first {
            guard isPart(first) else {
                shown.append(first)
                rest.removeFirst()
                // `sign=…`, `"sign": "…"`, but not "sign of …".
                if isField, !"=:\"' ".contains(first) { isField = false }
                continue
            }
            let run = rest.prefix(while: isPart)
            rest = rest.dropFirst(run.count)
            let filling = filling(rest)
            let isHidden =
                isField && run.count >= value || run.count >= hexadecimal && run.allSatisfy(\.isHexDigit)
                || run.count >= base64 && !filling.isEmpty
            shown += isHidden ? "***" : run
            if isHidden { rest = rest.dropFirst(filling.count) }
            isField = !isHidden && isName(run) && isAssigned(rest)
        }
        return shown
    }

    private static func isPart(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "+" || character == "/")
    }

    private static func isName(_ run: Substring) -> Bool {
        let name = run.lowercased()
        return name.hasSuffix("sign") || name.hasSuffix("signature") || name.hasSuffix("sig")
    }

    private static func isAssigned(_ rest: Substring) -> Bool {
        let between = rest.prefix { !isPart($0) }
        return between.contains("=") || between.contains(":")
    }

    /// Of base64, as it is or percent-encoded.
    private static func filling(_ rest: Substring) -> Substring {
        if rest.first == "=" { return rest.prefix { $0 == "=" } }
        return rest.lowercased().hasPrefix("%3d") ? rest.prefix(rest.lowercased().hasPrefix("%3d%3d") ? 6 : 3) : ""
    }
}
