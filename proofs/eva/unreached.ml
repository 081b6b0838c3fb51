(* SPDX-License-Identifier: Apache-2.0
   Copyright The Libella authors

   unreached: a script for Frama-C that prints, after Eva, each statement that no value leads to:
   its function, its file and its text, divided by tabs. Functions that are not entered are left
   out. A block that only groups statements which are reached is told as "{}". *)

open Cil_types

let longest_text = 100

let one_line text =
  let blank c = if c = '\n' || c = '\t' then ' ' else c in
  let words = String.split_on_char ' ' (String.map blank text) in
  let line = String.concat " " (List.filter (fun word -> word <> "") words) in
  String.sub line 0 (min longest_text (String.length line))

let text_of stmt =
  match stmt.skind with
  | Block { bstmts = first :: _ } when Db.Value.is_reachable_stmt first -> "{}"
  | _ -> one_line (Format.asprintf "%a" Printer.pp_stmt stmt)

let print_unreached fundec stmt =
  if not (Db.Value.is_reachable_stmt stmt) then
    let position = fst (Cil_datatype.Stmt.loc stmt) in
    Printf.printf "unreached\t%s\t%s\t%s\n%!" fundec.svar.vname
      (Filepath.Normalized.to_pretty_string position.Filepath.pos_path) (text_of stmt)

let printed = ref false

let print_all () =
  if Db.Value.is_computed () && not !printed then begin
    printed := true;
    Globals.Functions.iter (fun kf ->
        match kf.fundec with
        | Definition (fundec, _) when !Db.Value.is_called kf ->
          List.iter (print_unreached fundec) fundec.sallstmts
        | _ -> ())
  end

let () = Db.Main.extend print_all
