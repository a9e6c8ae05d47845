extension String {
    /// As both engines keep it: PostgreSQL takes no U+0000 in a text, and what an exchange or a client said must not make a row that
    /// cannot be stored. U+FFFD stands for it, on either engine.
    var storable: String {
        guard utf8.contains(0) else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { $0.value == 0 ? "\u{FFFD}" : $0 }))
    }
}
