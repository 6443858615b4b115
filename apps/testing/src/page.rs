//! Commands in pages of documentation.

use crate::{Stage, root};

/// What the blocks of a page in one of these languages hold (` ```sh ` and so on).
///
/// # Panics
/// If the repository has no such page.
pub fn blocks(page: &str, languages: &[&str]) -> Vec<String> {
    let path = root().join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{page}: {e}"));
    let parts = text.split("\n```").skip(1).step_by(2);
    let wanted = parts.filter_map(|block| block.split_once('\n'));
    wanted
        .filter(|(language, _)| languages.contains(language))
        .map(|(_, block)| block.to_owned())
        .collect()
}

/// The commands of `program` in the blocks of a page that are for a shell, as the words that the shell would make of them.
///
/// # Panics
/// If the repository has no such page.
pub fn commands(page: &str, program: &str) -> Vec<Vec<String>> {
    let shell = blocks(page, &["sh", "console"]).join("\n");
    let joined = shell.replace("\\\n", " ");
    let lines = joined.lines().map(words);
    lines
        .filter(|words| words.first().is_some_and(|word| word == program))
        .collect()
}

/// The words of a line: divided by blanks, quotes taken away, up to a comment or a redirection.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), inside) => word.get_or_insert_default().push(inside),
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '#' | '>' | '|' | ';') if word.is_none() => break,
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (None, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

impl Stage {
    /// Runs the blocks of a page that are marked `sh`, one after the other.
    ///
    /// # Panics
    /// If there is none, or one fails.
    pub fn paste_page(&self, page: &str) {
        let blocks = blocks(page, &["sh"]);
        assert!(!blocks.is_empty(), "{page} has no block to run");
        for block in blocks {
            self.paste(&block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        let line = r#"prose tokens "10 (y - x) | x" --name='a b' '' # a comment"#;
        assert_eq!(
            words(line),
            ["prose", "tokens", "10 (y - x) | x", "--name=a b", ""]
        );
        assert_eq!(
            words("turbulence completions bash > file"),
            ["turbulence", "completions", "bash"]
        );
        assert!(words("  # nothing").is_empty());
    }

    #[test]
    fn the_blocks_of_a_page_are_found() {
        let found = commands("README.md", "turbulence");
        assert!(found.len() > 4, "{found:?}");
        assert!(
            found
                .iter()
                .any(|words| words[1] == "rollout" && words.contains(&"--steps".to_owned()))
        );
    }
}
