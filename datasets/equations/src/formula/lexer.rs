//! From characters to tokens.

use crate::error::EquationError;
use crate::expression::limit;
use crate::words::PLACEHOLDER;

/// Most characters a formula may have.
const MAX_CHARACTERS: usize = 1 << 16;

/// What a formula is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Integer(i64),
    Number(f64),
    Name(String),
    Plus,
    Minus,
    Times,
    Divide,
    Power,
    /// Small digits above the line: ², ³.
    Superscript(i64),
    Fraction,
    Dot,
    Prime,
    Equals,
    /// Ends an equation: a line break, a semicolon, two backslashes.
    Separator,
    /// Stands between two equations: `|`.
    Bar,
    Placeholder,
    /// A bracket that opens, with the one that closes it.
    Open(char),
    Close(char),
}

/// A token and the character at which it begins, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    pub position: usize,
}

/// The tokens of a formula.
pub(super) fn tokens(formula: &str) -> Result<Vec<Token>, EquationError> {
    // Bytes first: counting the characters of a huge text is work already.
    limit("bytes", formula.len(), 4 * MAX_CHARACTERS)?;
    let characters: Vec<char> = formula.chars().collect();
    limit("characters", characters.len(), MAX_CHARACTERS)?;
    let mut lexer = Lexer {
        characters: &characters,
        next: 0,
    };
    let mut tokens = Vec::new();
    while lexer.next < characters.len() {
        let position = lexer.next + 1;
        if let Some(kind) = lexer.token()? {
            tokens.push(Token { kind, position });
        }
    }
    Ok(tokens)
}

/// Whether a character continues a name; ² and ³ are no letters and no digits here.
fn in_name(character: char) -> bool {
    character.is_alphabetic() || character.is_ascii_digit()
}

struct Lexer<'a> {
    characters: &'a [char],
    next: usize,
}

impl Lexer<'_> {
    /// The next token, nothing for blanks; always consumes a character.
    fn token(&mut self) -> Result<Option<Kind>, EquationError> {
        let first = self.characters[self.next];
        if first.is_ascii_digit()
            || (first == '.' && self.at(1).is_some_and(|c| c.is_ascii_digit()))
        {
            return self.number().map(Some);
        }
        if first.is_alphabetic() {
            return Ok(Some(self.name()));
        }
        if first == '\\' {
            return Ok(self.command());
        }
        if first == '<' {
            return self.placeholder().map(Some);
        }
        let kind = if first == '*' && self.at(1) == Some('*') {
            self.next += 1;
            Some(Kind::Power)
        } else {
            self.sign(first)?
        };
        self.next += 1;
        Ok(kind)
    }

    /// A token of one character.
    fn sign(&self, character: char) -> Result<Option<Kind>, EquationError> {
        Ok(Some(match character {
            '+' => Kind::Plus,
            '-' | '−' => Kind::Minus,
            '*' | '·' | '×' | '⋅' => Kind::Times,
            '/' | '÷' => Kind::Divide,
            '^' => Kind::Power,
            '²' => Kind::Superscript(2),
            '³' => Kind::Superscript(3),
            '=' => Kind::Equals,
            '\'' | '′' => Kind::Prime,
            ';' | '\n' => Kind::Separator,
            '|' => Kind::Bar,
            '(' => Kind::Open(')'),
            '[' => Kind::Open(']'),
            '{' => Kind::Open('}'),
            ')' | ']' | '}' => Kind::Close(character),
            _ if character.is_whitespace() => return Ok(None),
            _ => return Err(self.unexpected(character)),
        }))
    }

    fn unexpected(&self, character: char) -> EquationError {
        EquationError::Formula {
            position: self.next + 1,
            found: format!("{character:?}"),
            expected: "a number, a name, an operator or a bracket".to_owned(),
        }
    }

    /// The character `ahead` of the next.
    fn at(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.next + ahead).copied()
    }

    /// Consumes characters while they fit.
    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let rest = &self.characters[self.next..];
        let text: String = rest.iter().copied().take_while(|&c| fits(c)).collect();
        self.next += text.chars().count();
        text
    }

    /// Consumes these characters if they come next.
    fn take(&mut self, text: &str) -> bool {
        let here = self.characters[self.next..].iter().copied();
        let length = text.chars().count();
        let found = here.take(length).eq(text.chars());
        if found {
            self.next += length;
        }
        found
    }

    fn number(&mut self) -> Result<Kind, EquationError> {
        let position = self.next + 1;
        let mut text = self.take_while(|c| c.is_ascii_digit());
        let mut whole = true;
        if self.at(0) == Some('.') {
            whole = false;
            self.next += 1;
            text.push('.');
            text += &self.take_while(|c| c.is_ascii_digit());
        }
        if let Some(exponent) = self.exponent() {
            whole = false;
            text.push('e');
            text += &exponent;
        }
        let kind = if whole {
            text.parse().ok().map(Kind::Integer)
        } else {
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            number.map(Kind::Number)
        };
        kind.ok_or_else(|| EquationError::Formula {
            position,
            found: format!("{:?}", text.chars().take(40).collect::<String>()),
            expected: "a number in range".to_owned(),
        })
    }

    /// `e-5` or `\times 10^{-5}` after a number.
    fn exponent(&mut self) -> Option<String> {
        let start = self.next;
        let scientific = matches!(self.at(0), Some('e' | 'E'));
        let braced = if scientific {
            self.next += 1;
            false
        } else {
            self.take_while(|c| c == ' ');
            let times = self.take("\\times");
            self.take_while(|c| c == ' ');
            times && self.take("10^{")
        };
        if scientific || braced {
            let mut exponent = String::new();
            if let Some(sign @ ('+' | '-')) = self.at(0) {
                exponent.push(sign);
                self.next += 1;
            }
            let digits = self.take_while(|c| c.is_ascii_digit());
            if !digits.is_empty() && (!braced || self.take("}")) {
                return Some(exponent + &digits);
            }
        }
        self.next = start;
        None
    }

    /// A name with its index: `u_0`, `u_{0}`, `u_{0,xx}` (which is `u_0_xx`), `sigma`; or an operator in words.
    fn name(&mut self) -> Kind {
        let mut name = self.take_while(in_name);
        while self.at(0) == Some('_') {
            self.next += 1;
            name.push('_');
            if self.take("{") {
                name += &self.take_while(in_name);
                if self.take(",") {
                    name.push('_');
                    name += &self.take_while(in_name);
                }
                self.take("}");
            } else {
                name += &self.take_while(in_name);
            }
        }
        match name.as_str() {
            "add" => Kind::Plus,
            "sub" => Kind::Minus,
            "mul" => Kind::Times,
            "div" => Kind::Divide,
            _ => Kind::Name(name),
        }
    }

    /// A command of LaTeX.
    fn command(&mut self) -> Option<Kind> {
        self.next += 1;
        let name = self.take_while(|c| c.is_ascii_alphabetic());
        match name.as_str() {
            "" => {
                let escaped = self.at(0);
                self.next += usize::from(escaped.is_some());
                (escaped == Some('\\')).then_some(Kind::Separator)
            }
            "left" | "right" | "quad" | "qquad" => None,
            "cdot" | "times" => Some(Kind::Times),
            "frac" | "dfrac" | "tfrac" => Some(Kind::Fraction),
            "dot" => Some(Kind::Dot),
            _ => Some(Kind::Name(name)),
        }
    }

    fn placeholder(&mut self) -> Result<Kind, EquationError> {
        if self.take(PLACEHOLDER) {
            return Ok(Kind::Placeholder);
        }
        Err(EquationError::Formula {
            position: self.next + 1,
            found: "'<'".to_owned(),
            expected: PLACEHOLDER.to_owned(),
        })
    }
}
