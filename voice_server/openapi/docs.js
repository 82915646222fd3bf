// Renders /openapi.json for people. Text only ever becomes text nodes, never markup.

const element = (name, ...children) => {
  const made = document.createElement(name);
  made.append(...children);
  return made;
};

/** `words` with the pieces between backticks as code. */
const prose = (name, words = "") =>
  element(name, ...words.split("`").map((piece, index) => (index % 2 ? element("code", piece) : piece)));

const table = (heads, rows) =>
  element(
    "table",
    element("thead", element("tr", ...heads.map((head) => element("th", head)))),
    element("tbody", ...rows.map((row) => element("tr", ...row.map((cell) => prose("td", cell))))),
  );

const description = await (await fetch("/openapi.json")).json();

const resolve = (node) => {
  if (!node?.$ref) return node ?? {};
  return node.$ref
    .slice(2)
    .split("/")
    .reduce((at, step) => at[step], description);
};

const kindOf = (schema) => {
  if (schema.$ref) return "object";
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf) return schema.anyOf.map(kindOf).join(" | ");
  return [schema.type ?? "any"].flat().join(" | ");
};

const fieldsOf = (schema) => {
  const whole = resolve(schema);
  if (whole.allOf) return whole.allOf.flatMap(fieldsOf);
  return Object.entries(whole.properties ?? {}).map(([name, field]) => [
    `\`${name}\`${whole.required?.includes(name) ? "" : "?"}`,
    kindOf(field),
    [field.description, field.default === undefined ? "" : `Default: \`${JSON.stringify(field.default)}\`.`]
      .filter(Boolean)
      .join(" "),
  ]);
};

const content = (title, media = {}) =>
  Object.entries(media).flatMap(([type, { schema }]) => {
    const rows = fieldsOf(schema);
    const head = element("p", title, " ", element("code", type));
    return rows.length ? [head, table(["field", "type", ""], rows)] : [head];
  });

const operation = (path, method, described) => {
  const parameters = (described.parameters ?? []).map((each) => [`\`${each.name}\``, each.in, each.description]);
  return element(
    "section",
    element("h2", element("code", method.toUpperCase()), element("code", path)),
    prose("p", `${described.summary}. ${described.description}`),
    ...(parameters.length ? [table(["parameter", "in", ""], parameters)] : []),
    ...content("Send", described.requestBody?.content),
    ...content("Get", described.responses["200"]?.content),
    element("p", "Statuses: ", Object.keys(described.responses).join(", ")),
  );
};

document.getElementById("docs").replaceChildren(
  element("h1", `${description.info.title} ${description.info.version}`),
  prose("p", description.info.description),
  element("p", "For programs: ", Object.assign(element("a", "/openapi.json"), { href: "/openapi.json" })),
  ...Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operation(path, method, described)),
  ),
);
