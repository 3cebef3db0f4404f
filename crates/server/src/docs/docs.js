"use strict";

/** Creates an element with strings and elements as children. Strings are inserted as text, never as HTML. */
function element(name, content, attributes) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) created.setAttribute(key, value);
  created.append(...[content].flat().filter((part) => part !== undefined && part !== null));
  return created;
}

/** Converts `code` spans of a Markdown string to elements. */
function prose(markdown) {
  return (markdown || "").split("`").map((part, index) => (index % 2 ? element("code", part) : part));
}

function table(caption, rows) {
  if (!rows.length) return null;
  const cells = rows.map(([name, ...rest]) => element("tr", [element("th", name, { scope: "row" }), ...rest.map((cell) => element("td", cell))]));
  return element("div", element("table", [element("caption", caption), element("tbody", cells)]), { class: "tables" });
}

function show(api) {
  /** Follows a `$ref` to a component. */
  const resolve = (part) => (part.$ref ? part.$ref.slice(2).split("/").reduce((at, name) => at[name], api) : part);
  const type = (schema) => {
    if (!schema) return [];
    if (schema.$ref) {
      const name = schema.$ref.split("/").pop();
      return [element("a", name, { href: "#type-" + name })];
    }
    if (schema.oneOf) return schema.oneOf.flatMap((one, index) => [index ? " or " : "", ...type(one)]);
    if (schema.enum) return schema.enum.flatMap((one, index) => [index ? ", " : "", element("code", String(one))]);
    const name = [schema.type || "any"].flat().join(" or ");
    return schema.items ? [name + " of ", ...type(schema.items)] : [schema.format ? name + " (" + schema.format + ")" : name];
  };
  const deprecation = (part) => (part.deprecated ? element("span", "Deprecated. ", { class: "deprecated" }) : null);
  const members = (schema) =>
    Object.entries(schema.properties || {}).map(([name, part]) => [
      element("code", name),
      type(part),
      [deprecation(part), (schema.required || []).includes(name) ? "Required. " : null, ...prose(part.description)],
    ]);

  document.title = api.info.title + " API";
  document.getElementById("about").append(...prose(api.info.description));
  for (const id of ["curl", "curl-filter"]) {
    const example = document.getElementById(id);
    example.textContent = example.textContent.replace("http://127.0.0.1:8080", location.href.replace(/\/docs([?#].*)?$/, ""));
  }
  const main = document.getElementById("endpoints");
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([name]) => name !== "parameters")
      .map(([method, operation]) => ({ path, item, method, operation })),
  );
  for (const tag of api.tags) {
    const list = element("ul", []);
    document.getElementById("index").append(element("h3", tag.name), element("p", prose(tag.description)), list);
    for (const { path, item, method, operation } of operations.filter(({ operation }) => operation.tags.includes(tag.name))) {
      const title = [element("code", method.toUpperCase() + " " + path)];
      list.append(element("li", [element("a", operation.summary, { href: "#" + operation.operationId }), operation.deprecated ? " (deprecated)" : null]));
      const parameters = [...(item.parameters || []), ...(operation.parameters || [])].map(resolve);
      const responses = Object.entries(operation.responses).map(([status, part]) => [status, resolve(part)]);
      const body = operation.requestBody;
      const types = (content) => Object.entries(content || {}).map(([kind, part]) => [kind, part]);
      main.append(
        element("h2", title, { id: operation.operationId }),
        element("p", [element("strong", operation.summary + ". "), deprecation(operation), ...prose(operation.description)]),
        table("Parameters", parameters.map((part) => [element("code", part.name), type(part.schema), [deprecation(part), ...prose(part.description)]])) || "",
        table("Body", types(body && body.content).map(([kind, part]) => [kind, type(part.schema), body.required ? "Required." : "Optional."])) || "",
        ...types(body && body.content).slice(0, 1).filter(([, part]) => part.example).map(([, part]) => element("pre", JSON.stringify(part.example, null, 2), { tabindex: 0 })),
        table("Responses", responses.map(([status, part]) => [status, types(part.content).flatMap(([, content]) => type(content.schema)), prose(part.description)])) || "",
      );
    }
  }
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    document.getElementById("schemas").append(
      element("h3", element("code", name), { id: "type-" + name }),
      element("p", [...prose(schema.description), schema.properties ? null : type({ ...schema, description: "" })].flat()),
      table("Members", members(schema)) || "",
    );
  }
}

fetch("openapi.json")
  .then((response) => response.json())
  .then(show)
  .catch((error) => document.getElementById("endpoints").append(element("p", "Cannot load the OpenAPI description: " + error.message, { role: "alert" })));
