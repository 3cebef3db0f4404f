//! `scieve lsp`: a language server (Language Server Protocol 3.17) on standard input and output.

mod complete;
mod document;
mod hover;

use crate::checks::{Checks, LintArgs};
use crate::exit::{CliError, ExitStatus};
use crate::policy::PolicyArgs;
use document::{Document, Entry};
use lsp_server::{Connection, Message, Notification, ProtocolError, Request, Response};
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOptions, CodeActionOrCommand, CodeActionParams,
    CodeActionProviderCapability, CompletionOptions, CompletionParams, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DocumentFormattingParams, HoverParams,
    HoverProviderCapability, OneOf, PublishDiagnosticsParams, Range, ServerCapabilities,
    TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind, TextEdit, Uri,
    WorkspaceEdit,
};
use scieve::Safety;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;

/// Run a language server for editors on standard input and output
#[derive(clap::Args)]
#[command(mut_arg("policy", |policy| policy.default_value("scim-user")), after_help = "\
Documents with the extension .scim, .filter or .filters have a filter per line. In other documents, \
the filters in `filter=` parameters and in values of the key `filter` are checked.")]
pub(crate) struct Lsp {
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    lint: LintArgs,
}

const FIX_ALL: &str = "source.fixAll.scieve";

impl Lsp {
    pub(crate) fn run(&self) -> Result<ExitStatus, CliError> {
        let checks = Checks::new(self.policy.checker()?, &self.lint, Safety::Safe)?;
        let (connection, threads) = Connection::stdio();
        let served = Server { checks, documents: HashMap::new() }.serve(&connection);
        // The thread that writes ends when its channel closes.
        drop(connection);
        let joined = threads.join();
        served.map_err(|error| CliError::Failed(error.to_string()))?;
        joined.map_err(|error| CliError::cannot_write(&error))?;
        Ok(ExitStatus::Success)
    }
}

struct Server {
    checks: Checks,
    documents: HashMap<String, Document>,
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::new(FIX_ALL)]),
            ..CodeActionOptions::default()
        })),
        document_formatting_provider: Some(OneOf::Left(true)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([" ", ".", "[", "\""].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        ..ServerCapabilities::default()
    }
}

impl Server {
    fn serve(mut self, connection: &Connection) -> Result<(), ProtocolError> {
        let capabilities = serde_json::to_value(capabilities()).unwrap_or_default();
        connection.initialize(capabilities)?;
        for message in &connection.receiver {
            match message {
                Message::Request(request) => {
                    if connection.handle_shutdown(&request)? {
                        return Ok(());
                    }
                    // Fails if the client has gone.
                    if connection.sender.send(self.respond(request).into()).is_err() {
                        return Ok(());
                    }
                }
                Message::Notification(notification) => {
                    if let Some(published) = self.receive(notification)
                        && connection.sender.send(published.into()).is_err()
                    {
                        return Ok(());
                    }
                }
                Message::Response(_) => {}
            }
        }
        Ok(())
    }

    /// Changes the documents. Returns the diagnostics to publish.
    fn receive(&mut self, notification: Notification) -> Option<Notification> {
        let Notification { method, params } = notification;
        let (uri, text, version) = match method.as_str() {
            "textDocument/didOpen" => {
                let document = read::<DidOpenTextDocumentParams>(params)?.text_document;
                (document.uri, Some(document.text), Some(document.version))
            }
            "textDocument/didChange" => {
                let change = read::<DidChangeTextDocumentParams>(params)?;
                let text = change.content_changes.into_iter().last()?.text;
                (change.text_document.uri, Some(text), Some(change.text_document.version))
            }
            "textDocument/didClose" => {
                (read::<DidCloseTextDocumentParams>(params)?.text_document.uri, None, None)
            }
            _ => return None,
        };
        let name = uri.as_str().to_owned();
        let diagnostics = match text {
            Some(text) => {
                let document = Document::new(&name, text, &self.checks);
                let diagnostics = document.diagnostics(&uri);
                self.documents.insert(name, document);
                diagnostics
            }
            None => {
                self.documents.remove(&name);
                Vec::new()
            }
        };
        let published = PublishDiagnosticsParams::new(uri, diagnostics, version);
        Some(Notification::new("textDocument/publishDiagnostics".to_owned(), published))
    }

    fn respond(&self, Request { id, method, params }: Request) -> Response {
        let result = match method.as_str() {
            "textDocument/codeAction" => read(params).map(|params| value(self.actions(&params))),
            "textDocument/formatting" => read(params).map(|params| value(self.format(&params))),
            "textDocument/hover" => {
                read(params).map(|HoverParams { text_document_position_params, .. }| {
                    value(self.at(&text_document_position_params, |entry, offset| {
                        hover::hover(entry, offset, &self.checks)
                    }))
                })
            }
            "textDocument/completion" => {
                read(params).map(|CompletionParams { text_document_position, .. }| {
                    value(self.at(&text_document_position, |entry, offset| {
                        Some(complete::complete(entry, offset, &self.checks))
                    }))
                })
            }
            _ => {
                let code = lsp_server::ErrorCode::MethodNotFound as i32;
                return Response::new_err(id, code, format!("unknown method `{method}`"));
            }
        };
        match result {
            Some(result) => Response::new_ok(id, result),
            None => {
                let code = lsp_server::ErrorCode::InvalidParams as i32;
                Response::new_err(id, code, "invalid parameters".to_owned())
            }
        }
    }

    fn document(&self, uri: &Uri) -> Option<&Document> {
        self.documents.get(uri.as_str())
    }

    /// Calls a function with the filter at a position and the offset in it.
    fn at<T>(
        &self,
        TextDocumentPositionParams { text_document, position }: &TextDocumentPositionParams,
        function: impl FnOnce(&Entry, usize) -> Option<T>,
    ) -> Option<T> {
        let (entry, offset) = self.document(&text_document.uri)?.at(*position)?;
        function(entry, offset)
    }

    fn actions(&self, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
        let uri = &params.text_document.uri;
        let Some(document) = self.document(uri) else { return Vec::new() };
        let is_wanted = |kind: &CodeActionKind| {
            let only = params.context.only.as_deref();
            // A kind includes its sub-kinds: `source.fixAll` includes `source.fixAll.scieve`.
            only.is_none_or(|only| {
                only.iter().any(|wanted| {
                    let rest = kind.as_str().strip_prefix(wanted.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                })
            })
        };
        let mut actions = Vec::new();
        if is_wanted(&CodeActionKind::QUICKFIX) {
            actions.extend(document.quick_fixes(uri, params.range));
        }
        let fix_all = CodeActionKind::new(FIX_ALL);
        let edits = match is_wanted(&fix_all) {
            true => document.fix_all(&self.checks),
            false => Vec::new(),
        };
        if !edits.is_empty() {
            actions.push(CodeAction {
                title: "Apply all safe fixes of scieve".to_owned(),
                kind: Some(fix_all),
                edit: Some(workspace_edit(uri, edits)),
                ..CodeAction::default()
            });
        }
        actions.into_iter().map(CodeActionOrCommand::CodeAction).collect()
    }

    fn format(&self, params: &DocumentFormattingParams) -> Vec<TextEdit> {
        self.document(&params.text_document.uri).map(Document::format).unwrap_or_default()
    }
}

fn workspace_edit(uri: &Uri, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit::new(HashMap::from([(uri.clone(), edits)]))
}

fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

fn value(result: impl Serialize) -> Value {
    serde_json::to_value(result).unwrap_or_default()
}

/// Returns whether two ranges share a position.
fn touches(one: Range, other: Range) -> bool {
    one.start <= other.end && other.start <= one.end
}
