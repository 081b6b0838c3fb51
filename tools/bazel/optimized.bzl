# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""A binary as it ships (-c opt), whatever mode the rest is built in."""

def _to_opt(_settings, _attr):
    return {"//command_line_option:compilation_mode": "opt"}

_opt = transition(
    implementation = _to_opt,
    inputs = [],
    outputs = ["//command_line_option:compilation_mode"],
)

def _optimized_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = out, target_file = ctx.executable.binary, is_executable = True)
    return [DefaultInfo(
        executable = out,
        files = depset([out]),
        runfiles = ctx.attr.binary[0][DefaultInfo].default_runfiles,
    )]

optimized = rule(
    implementation = _optimized_impl,
    attrs = {
        "binary": attr.label(cfg = _opt, executable = True, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)
